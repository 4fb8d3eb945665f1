// XML and JSON formats, on files that the tests write themselves.
#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "base/text.h"
#include "formats/assemble.h"
#include "formats/encoded_samples.h"
#include "formats/xml.h"
#include "formats_files.h"

using namespace precordia;

namespace {

constexpr const char* kEight[] = {"I", "II", "V1", "V2", "V3", "V4", "V5", "V6"};

int count_of(size_t lead, size_t i) { return static_cast<int>((i * (lead + 3)) % 41) - 20 + (i % 50 == 7 ? 200 : 0); }

std::string numbers(size_t lead, size_t count, const char* separator) {
  std::string out;
  for (size_t i = 0; i < count; ++i) out += (i > 0 ? separator : "") + std::to_string(count_of(lead, i));
  return out;
}

std::string base64(const std::vector<uint8_t>& bytes) {
  constexpr const char* kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const auto at = [&](size_t k) { return k < bytes.size() ? bytes[k] : uint8_t{0}; };
    const uint32_t group = uint32_t{at(i)} << 16 | uint32_t{at(i + 1)} << 8 | at(i + 2);
    for (size_t k = 0; k < 4; ++k) out += i + k > bytes.size() ? '=' : kAlphabet[group >> (18 - 6 * k) & 63];
  }
  return out;
}

std::string int16_base64(size_t lead, size_t count) {
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i < count; ++i) {
    const auto value = static_cast<uint16_t>(count_of(lead, i));
    bytes.push_back(static_cast<uint8_t>(value));
    bytes.push_back(static_cast<uint8_t>(value >> 8));
  }
  return base64(bytes);
}

std::string aecg_of(const std::string& prolog, const std::string& inside) {
  std::string out = prolog + "<AnnotatedECG xmlns=\"urn:hl7-org:v3\"><component><series><code code=\"RHYTHM\"/><effectiveTime><low value=\"20200102030405\"/></effectiveTime>"
                             "<component><sequenceSet><component><sequence><code code=\"TIME_ABSOLUTE\"/><value><head value=\"20200102030405.000\"/>"
                             "<increment value=\"2\" unit=\"ms\"/></value></sequence></component>";
  for (size_t k = 0; k < 8; ++k)
    out += std::string("<component><sequence><code code=\"MDC_ECG_LEAD_") + kEight[k] +
           "\"/><value><origin value=\"0\" unit=\"uV\"/><scale value=\"2.5\" unit=\"uV\"/><digits>" + numbers(k, 600, " ") + "</digits></value></sequence></component>";
  return out + "</sequenceSet></component></series></component>" + inside + "</AnnotatedECG>";
}

void check_samples(const EcgRecord& record, double mv_per_count) {
  for (size_t k = 0; k < 8; ++k) {
    const auto lead = *lead_from_name(kEight[k]);
    REQUIRE(record.lead(lead).size() == 600);
    for (size_t i = 0; i < 600; ++i) CHECK(record.lead(lead)[i] == doctest::Approx(count_of(k, i) * mv_per_count));
  }
}

std::string utf16(const std::string& text, bool big_endian) {
  std::string out = big_endian ? "\xFE\xFF" : "\xFF\xFE";
  for (const char c : text) {
    if (big_endian) out += '\0';
    out += c;
    if (!big_endian) out += '\0';
  }
  return out;
}

std::string muse_of(const std::string& lead_extra = "", size_t announced = 600) {
  std::string out = "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><!DOCTYPE RestingECG SYSTEM \"restecg.dtd\"><RestingECG>"
                    "<PatientDemographics><PatientID>4711</PatientID><PatientAge>95</PatientAge><AgeUnits>YEARS</AgeUnits><Gender>FEMALE</Gender>"
                    "<PatientLastName>M\xFCller</PatientLastName><DateofBirth>01-31-1929</DateofBirth></PatientDemographics>"
                    "<TestDemographics><AcquisitionDevice>MAC55</AcquisitionDevice><AcquisitionTime>11:18:00</AcquisitionTime><AcquisitionDate>03-25-2024</AcquisitionDate></TestDemographics>"
                    "<RestingECGMeasurements><VentricularRate>69</VentricularRate><PRInterval>180</PRInterval><QTCorrected>416</QTCorrected></RestingECGMeasurements>"
                    "<Diagnosis><DiagnosisStatement><StmtText>Sinus</StmtText></DiagnosisStatement><DiagnosisStatement><StmtFlag>ENDSLINE</StmtFlag><StmtText>rhythm</StmtText></DiagnosisStatement>"
                    "<DiagnosisStatement><StmtFlag>ENDSLINE</StmtFlag><StmtText>Seen with Mrs M\xFCller</StmtText></DiagnosisStatement></Diagnosis>"
                    "<Waveform><WaveformType>Median</WaveformType><SampleBase>500</SampleBase><LeadData><LeadID>I</LeadID></LeadData></Waveform>"
                    "<Waveform><WaveformType>Rhythm</WaveformType><SampleBase>5</SampleBase><SampleExponent>2</SampleExponent><HighPassFilter>5</HighPassFilter><LowPassFilter>150</LowPassFilter>";
  for (size_t k = 0; k < 8; ++k)
    out += "<LeadData><LeadSampleCountTotal>" + std::to_string(announced) + "</LeadSampleCountTotal><LeadAmplitudeUnitsPerBit>4.88</LeadAmplitudeUnitsPerBit><LeadID>" + kEight[k] +
           "</LeadID>" + lead_extra + "<WaveFormData>\n" + int16_base64(k, 600) + "\n</WaveFormData></LeadData>";
  return out + "</Waveform></RestingECG>";
}

}  // namespace

TEST_CASE("an aECG is read in every encoding of XML, and a DOCTYPE is neither loaded nor expanded") {
  const std::string bomb = "<?xml version=\"1.0\"?><!DOCTYPE AnnotatedECG SYSTEM \"http://nowhere.invalid/x.dtd\" [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;\">]>";
  for (const std::string& text : {aecg_of("", ""), aecg_of("\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"utf-8\"?><!-- c -->", ""), aecg_of(bomb, ""),
                                  utf16(aecg_of("<?xml version=\"1.0\" encoding=\"utf-16\"?>", ""), false), utf16(aecg_of("", ""), true)}) {
    const auto record = read_files({text_file("x.bin", text)});
    REQUIRE_MESSAGE(record.has_value(), (record ? "" : record.error().message));
    CHECK(record->sample_rate_hz == 500);
    CHECK(record->source.recorded_at == "2020-01-02T03:04:05");
    check_samples(*record, 2.5e-3);
  }
  const auto expanded = read_files({text_file("x.xml", aecg_of(bomb, "<subject><trialSubject><id extension=\"&b;\"/></trialSubject></subject>"))});
  REQUIRE(expanded);
  CHECK(expanded->identity.id == "&b;");
}

TEST_CASE("sequence sets that start later are set off by the missing time") {
  std::string text = "<AnnotatedECG><component><series><code code=\"RHYTHM\"/>";
  for (const auto& [lead, start] : {std::pair{"I", "0"}, std::pair{"V1", "2.5"}})
    text += std::string("<component><sequenceSet><component><sequence><code code=\"TIME_RELATIVE\"/><value><head value=\"") + start +
            "\" unit=\"s\"/><increment value=\"0.002\" unit=\"s\"/></value></sequence></component><component><sequence><code code=\"MDC_ECG_LEAD_" + lead +
            "\"/><value><origin value=\"0\" unit=\"uV\"/><scale value=\"1\" unit=\"uV\"/><digits>" + numbers(1, 1250, " ") + "</digits></value></sequence></component></sequenceSet></component>";
  const auto record = read_files({text_file("x.xml", text + "</series></component></AnnotatedECG>")});
  REQUIRE_MESSAGE(record.has_value(), (record ? "" : record.error().message));
  CHECK(record->sample_count() == 2500);
  CHECK(std::isnan(record->lead(Lead::kV1)[1249]));
  CHECK(record->lead(Lead::kV1)[1250] == doctest::Approx(count_of(1, 0) * 1e-3));
  CHECK(std::isnan(record->lead(Lead::kI)[1250]));
}

TEST_CASE("a MUSE file gives its rhythm, person, time, filters, measurements and statements; a line with the name stays out") {
  const auto record = read_files({text_file("x.xml", muse_of())});
  REQUIRE_MESSAGE(record.has_value(), (record ? "" : record.error().message));
  check_samples(*record, 4.88e-3);
  CHECK(record->sample_rate_hz == 500);
  CHECK(record->identity.name == "M\xC3\xBCller");
  CHECK(record->identity.birth_date == "1929-01-31");
  CHECK(record->patient.age_years == 90);   // over 89
  CHECK(record->patient.sex == Sex::kFemale);
  CHECK(record->source.recorded_at == "2024-03-25T11:18:00");
  CHECK(record->source.filters.high_pass_hz == doctest::Approx(0.05));
  CHECK(record->source.filters.low_pass_hz == 150);
  REQUIRE(record->device_findings.measurements.size() == 3);
  CHECK(record->device_findings.measurements[1].id == "pr_ms");
  CHECK(record->device_findings.measurements[1].value == 180);
  CHECK(record->device_findings.statements == std::vector<std::string>{"Sinus rhythm"});
}

TEST_CASE("a MUSE lead that is cut off is refused, one with another checksum is read and said to be") {
  const auto cut = read_files({text_file("x.xml", muse_of("", 601))});
  REQUIRE(!cut);
  CHECK(cut.error().code == ErrorCode::kDamaged);
  const auto changed = read_files({text_file("x.xml", muse_of("<LeadDataCRC32>12345</LeadDataCRC32>"))});
  REQUIRE(changed);
  CHECK(has_note(*changed, "checksum of I, II"));
}

TEST_CASE("Schiller, Mortara and CardioSoft files give the same samples") {
  std::string schiller = "<com.xiriuz.sema.xml.schillerEDI.SchillerEDI><eventdata><event><wavedata><type>ECG_AVERAGES</type></wavedata><wavedata><type>ECG_RHYTHMS</type><resolution>"
                         "<samplerate><exponent>1</exponent><value>500</value></samplerate><yres><unitperbit>2.5</unitperbit><units>UV</units></yres></resolution>";
  std::string mortara = "<ECG ACQUISITION_TIME=\"20240102030405\" VENT_RATE=\"67\"><SOURCE MANUFACTURER=\"M\" MODEL=\"E\"/>";
  std::string cardiosoft = "<CardiologyXML><StripData><SampleRate units=\"Hz\">500</SampleRate><Resolution units=\"uVperLsb\">2.5</Resolution>";
  for (size_t k = 0; k < 8; ++k) {
    schiller += std::string("<channel><name>") + kEight[k] + "</name><data>" + numbers(k, 600, ",") + "</data><samplecount>600</samplecount></channel>";
    mortara += std::string("<CHANNEL OFFSET=\"0\" BITS=\"16\" FORMAT=\"SIGNED\" UNITS_PER_MV=\"400\" DURATION=\"600\" SAMPLE_FREQ=\"500\" ENCODING=\"BASE64\" NAME=\"") + kEight[k] +
               "\" DATA=\"" + int16_base64(k, 600) + "\"/>";
    cardiosoft += std::string("<WaveformData lead=\"") + kEight[k] + "\">\n\t" + numbers(k, 600, ",\n") + "</WaveformData>";
  }
  schiller += "</wavedata><annotation_global><name>PQ</name><value>214</value></annotation_global></event></eventdata></com.xiriuz.sema.xml.schillerEDI.SchillerEDI>";
  for (const std::string& text : {schiller, mortara + "</ECG>", cardiosoft + "</StripData></CardiologyXML>"}) {
    const auto record = read_files({text_file("x.xml", text)});
    REQUIRE_MESSAGE(record.has_value(), (record ? "" : record.error().message));
    CHECK(record->sample_rate_hz == 500);
    check_samples(*record, 2.5e-3);
    CHECK(record->device_findings.measurements.size() <= 1);
  }
}

TEST_CASE("FHIR: a component without unit is microvolts and said to be; an interleaved signal is refused") {
  const auto observation = [](const char* dimensions, const char* unit) {
    return std::string("{\"resourceType\":\"Observation\",\"component\":[{\"code\":{\"coding\":[{\"code\":\"131074\"}]},\"valueSampledData\":{\"origin\":{\"value\":0") + unit +
           "},\"period\":2,\"factor\":2.5,\"dimensions\":" + dimensions + ",\"data\":\"" + numbers(0, 599, " ") + " E\"}}]}";
  };
  const auto record = read_files({text_file("x.json", observation("1", ""))});
  REQUIRE_MESSAGE(record.has_value(), (record ? "" : record.error().message));
  CHECK(record->lead(Lead::kII)[1] == doctest::Approx(count_of(0, 1) * 2.5e-3));
  CHECK(std::isnan(record->lead(Lead::kII)[599]));
  CHECK(has_note(*record, "microvolts"));
  CHECK(!read_files({text_file("x.json", observation("2", ",\"unit\":\"uV\""))}));
}

TEST_CASE("nesting and repetition in hostile XML and JSON cost little and end in a sentence") {
  std::string deep;
  for (int i = 0; i < 200000; ++i) deep += "<a>";
  const auto nested = read_files({text_file("x.xml", "<AnnotatedECG>" + deep)});
  REQUIRE(!nested);
  CHECK(nested.error().code == ErrorCode::kDamaged);
  const auto many = read_files({text_file("x.xml", "<AnnotatedECG>" + std::string(3u << 20, '<'))});
  REQUIRE(!many);
  CHECK(many.error().code == ErrorCode::kTooLarge);
  const auto brackets = read_files({text_file("x.json", "{\"resourceType\":" + std::string(100000, '['))});
  REQUIRE(!brackets);
  CHECK(brackets.error().code == ErrorCode::kTooLarge);
}

TEST_CASE("an XML declaration does not hide what the file is") {
  const std::string text = aecg_of("<?xml version=\"1.0\"?>", "");
  CHECK(strongest_evidence({reinterpret_cast<const uint8_t*>(text.data()), text.size()}) == Evidence::kCertain);
  const std::string note = "<?xml version=\"1.0\"?><note>1 2 3</note>";
  CHECK(strongest_evidence({reinterpret_cast<const uint8_t*>(note.data()), note.size()}) == Evidence::kNone);
}

TEST_CASE("base64 takes white space anywhere and refuses what is cut off or foreign") {
  CHECK(base64_bytes("AQID\n BA==")->size() == 4);
  CHECK(base64_bytes("AQID BAU=")->back() == 5);
  CHECK(base64_bytes("")->empty());
  CHECK(!base64_bytes("A"));
  CHECK(!base64_bytes("AQ*D"));
  CHECK(!base64_bytes("AQ==AQ"));
}

TEST_CASE("a CardioSoft date that no calendar has is left out") {
  std::string text = "<CardiologyXML><PatientInfo><BirthDateTime><Day>1</Day><Month>2</Month><Year>2e34</Year></BirthDateTime></PatientInfo>"
                     "<StripData><SampleRate>500</SampleRate><Resolution units=\"uVperLsb\">2.5</Resolution>";
  for (size_t k = 0; k < 8; ++k) text += std::string("<WaveformData lead=\"") + kEight[k] + "\">" + numbers(k, 600, ",") + "</WaveformData>";
  const auto record = read_files({text_file("x.xml", text + "</StripData></CardiologyXML>")});
  REQUIRE(record);
  CHECK(record->identity.birth_date.empty());
}
