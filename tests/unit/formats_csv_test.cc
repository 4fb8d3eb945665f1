// Tables of numbers: what is understood, what is asked back.
#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "base/text.h"
#include "formats_files.h"

using namespace precordia;

namespace {

// Row `i` of a made-up ECG in mV: I, II and V1..V6 free, the other limb leads by Einthoven's law.
std::vector<double> ecg_row(int i) {
  const double beat = i % 400 < 20 ? 1.0 - std::abs(i % 400 - 10) / 10.0 : 0;
  const double one = 0.6 * beat + 0.001 * (i % 5), two = beat + 0.0015 * (i % 7);
  return {one,         two,        two - one, -(one + two) / 2, one - two / 2, two - one / 2, -0.8 * beat,
          -0.5 * beat, 0.3 * beat, beat,      1.1 * beat,       0.9 * beat};
}

struct Style {
  char separator = ',';
  char mark = '.';
  double scale = 1;  // of the values
  int digits = 4;
  double time_step = 0;  // 0: no time column
  int time_digits = 3;
  std::vector<int> leads = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
};

std::string number(double value, int digits, char mark) {
  std::string text = fixed_text(value, digits);
  for (char& c : text)
    if (c == '.') c = mark;
  return text;
}

std::string table(int rows, const Style& style, const std::string& before = "",
                  const std::string& line_end = "\n") {
  std::string out = before;
  for (int i = 0; i < rows; ++i) {
    const auto row = ecg_row(i);
    std::string line;
    if (style.time_step > 0) line = number(i * style.time_step, style.time_digits, style.mark);
    for (const int lead : style.leads) {
      if (!line.empty()) line += style.separator;
      line += number(row[static_cast<size_t>(lead)] * style.scale, style.digits, style.mark);
    }
    out += line + line_end;
  }
  return out;
}

const std::string kHeader = "I,II,III,aVR,aVL,aVF,V1,V2,V3,V4,V5,V6\n";

Result<EcgRecord> read(const std::string& text) { return read_files({text_file("ecg.csv", text)}); }

void check_values(const Result<EcgRecord>& record, double rate_hz) {
  REQUIRE_MESSAGE(record.has_value(), (record ? "" : record.error().message));
  CHECK(record->sample_rate_hz == doctest::Approx(rate_hz));
  REQUIRE(record->lead_count() == 12);
  for (const int i : {0, 10, 405, 411}) {
    const auto row = ecg_row(i);
    for (int lead = 0; lead < kLeadCount; ++lead) CHECK(std::abs(record->mv[lead][i] - row[lead]) < 0.0011);
  }
}

}  // namespace

TEST_CASE("comma, semicolon, tab, blank and bar separated tables with a header") {
  check_values(read(table(1000, {.time_step = 0.002}, "time," + kHeader)), 500);
  std::string header = "time;" + kHeader;
  for (const char separator : {';', '\t', '|', ' '}) {
    for (char& c : header)
      if (c == ',' || c == ';' || c == '\t' || c == '|') c = separator;
    check_values(read(table(1000, {.separator = separator, .time_step = 0.002}, header)), 500);
    if (separator != '|')
      check_values(read(table(1000, {.separator = separator, .mark = ',', .time_step = 0.002}, header)), 500);
  }
}

TEST_CASE("line ends of all systems, a byte-order mark, Latin-1 and UTF-16") {
  const std::string plain = table(
      1000, {.scale = 1000, .digits = 1, .time_step = 0.002},
      "time,I (\xC2\xB5V),II (\xC2\xB5V),III (\xC2\xB5V),aVR (\xC2\xB5V),aVL (\xC2\xB5V),aVF (\xC2\xB5V),V1 "
      "(\xC2\xB5V),V2 (\xC2\xB5V),V3 (\xC2\xB5V),V4 (\xC2\xB5V),V5 (\xC2\xB5V),V6 (\xC2\xB5V)\n");
  check_values(read(plain), 500);
  check_values(read("\xEF\xBB\xBF" + plain), 500);
  std::string latin, wide = "\xFF\xFE", big = "\xFE\xFF", crlf, cr;
  for (size_t i = 0; i < plain.size(); ++i) {
    if (plain[i] == '\xC2') continue;
    latin += plain[i];
    wide += plain[i], wide += '\0';
    big += '\0', big += plain[i];
    if (plain[i] == '\n') crlf += '\r', cr += '\r';
    if (plain[i] != '\n') cr += plain[i];
    crlf += plain[i];
  }
  check_values(read(latin), 500);
  check_values(read(wide), 500);
  check_values(read(big), 500);
  check_values(read(crlf), 500);
  check_values(read(cr), 500);
}

TEST_CASE("the program's own CSV comes back exactly, empty cells as missing") {
  const auto record = read(
      "time_s,I,II,III,aVR,aVL,aVF,V1,V2,V3,V4,V5,V6\n0.000,0.001,,0,0,0,0,0,0,0,0,0,0\n0.002,0.002,0.5,0,0,"
      "0,0,0,0,0,0,0,\n0.004,0.003,0.6,0,0,0,0,0,0,0,0,0,0.25\n");
  REQUIRE(record);
  CHECK(record->sample_rate_hz == 500);
  CHECK(std::isnan(record->lead(Lead::kII)[0]));
  CHECK(record->lead(Lead::kII)[2] == 0.6f);
  CHECK(std::isnan(record->lead(Lead::kV6)[1]));
  CHECK(record->lead(Lead::kV6)[2] == 0.25f);
}

TEST_CASE("a number that no body gives is missing, never infinity") {
  std::string text = "time_s,I (mV),II (mV)\n";
  for (int i = 0; i < 2000; ++i)
    text += fixed_text(i * 0.002, 3) + (i == 500 ? ",1e39," : i == 600 ? ",-20000," : ",0.1,") + fixed_text(i % 9 * 0.1, 2) + "\n";
  const std::vector<uint8_t> bytes(text.begin(), text.end());
  const InputFile file{"x.csv", bytes};
  const auto record = read_ecg({&file, 1});
  REQUIRE(record.has_value());
  CHECK(std::isnan(record->lead(Lead::kI)[500]));
  CHECK(std::isnan(record->lead(Lead::kI)[600]));
  CHECK(record->lead(Lead::kI)[501] == doctest::Approx(0.1));
}

TEST_CASE("words for missing values are missing, other words are counted") {
  std::string text = table(1000, {.time_step = 0.002}, "time," + kHeader);
  text += "2.000,nan,NaN,NA,N/A,null,-,?,,0,0,0,0\n2.002,oops,0,0,0,0,0,0,0,0,0,0,0\n";
  const auto record = read(text);
  REQUIRE(record);
  CHECK(std::isnan(record->lead(Lead::kI)[1000]));
  CHECK(std::isnan(record->lead(Lead::kI)[1001]));
  CHECK(has_note(*record, "1 cells of the table are not numbers"));
}

TEST_CASE("without a header 12 columns are the standard order when Einthoven's law holds") {
  const auto record = read(table(5000, {}));
  check_values(record, 500);
  CHECK(has_note(*record, "fits Einthoven's law"));
  CHECK(has_note(*record, "usual 10 seconds"));
  // Cabrera's order does not fit and is asked back.
  const auto other = read(table(5000, {.leads = {4, 0, 3, 1, 5, 2, 6, 7, 8, 9, 10, 11}}));
  REQUIRE(!other);
  CHECK(other.error().code == ErrorCode::kAmbiguous);
}

TEST_CASE("without a header 8 columns are I, II, V1 to V6, with or without a time column") {
  check_values(read(table(5000, {.leads = {0, 1, 6, 7, 8, 9, 10, 11}})), 500);
  check_values(read(table(1000, {.time_step = 0.004, .leads = {0, 1, 6, 7, 8, 9, 10, 11}})), 250);
  for (const std::vector<int>& leads : {std::vector<int>{0, 1, 2}, {0, 1, 2, 3, 4, 5}, {0}}) {
    const auto record = read(table(5000, {.leads = leads}));
    REQUIRE(!record);
    CHECK(record.error().code == ErrorCode::kAmbiguous);
    CHECK(record.error().message.find("I,II,III") != std::string::npos);
  }
}

TEST_CASE("leads in any order by name, more channels left aside") {
  const auto record =
      read(table(1000, {.time_step = 0.002, .leads = {1, 0, 6, 7}}, "time,II,I,V1,pressure\n"));
  REQUIRE(record);
  CHECK(record->lead_count() == 7);
  CHECK(record->lead(Lead::kII)[10] == doctest::Approx(ecg_row(10)[1]).epsilon(0.001));
  CHECK(record->origin[index_of(Lead::kAVF)] == LeadOrigin::kDerived);
  CHECK(record->other_channels == std::vector<std::string>{"pressure"});
}

TEST_CASE("the sample rate comes from seconds, milliseconds, clock times or words") {
  check_values(read(table(1000, {.time_step = 2, .time_digits = 0}, "time (ms)," + kHeader)), 500);
  check_values(read(table(1000, {.time_step = 2, .time_digits = 0}, "time," + kHeader)), 500);
  check_values(read(table(1000, {.time_step = 1, .time_digits = 0}, "time_ms," + kHeader)), 1000);
  check_values(read(table(1000, {.time_step = 1, .time_digits = 0}, "# 250 Hz\nsample," + kHeader)), 250);
  check_values(read(table(777, {}, "# fs=250\n" + kHeader)), 250);
  check_values(read(table(777, {}, "Sampling rate: 1,000 Hz\n" + kHeader)), 1000);
  check_values(read(table(777, {}, "Sample Rate;511,422 hertz\n" + kHeader)), 511.422);
  check_values(
      read(table(777, {}, "Sampling Rate (Hz):= 360.00\nFilter: 0.05-150 Hz, notch 50 Hz\n" + kHeader)), 360);
  // Times rounded to whole milliseconds still give 599.88 Hz.
  check_values(read(table(6000, {.time_step = 1 / 599.88}, "time," + kHeader)), 599.88);
  std::string clock = "'Elapsed time','I','II'\n'hh:mm:ss.mmm','mV','mV'\n";
  for (int i = 0; i < 500; ++i)
    clock += format_text("'0:%06.3f',%.3f,%.3f\n", i * 0.004, ecg_row(i)[0], ecg_row(i)[1]);
  const auto record = read(clock);
  REQUIRE(record);
  CHECK(record->sample_rate_hz == 250);
  CHECK(record->lead(Lead::kII)[10] == doctest::Approx(ecg_row(10)[1]).epsilon(0.001));
}

TEST_CASE("a sample rate that cannot be told is asked for") {
  for (const auto& text :
       {table(777, {}, kHeader), table(777, {.time_step = 1, .time_digits = 0}, "time," + kHeader),
        table(5000, {.leads = {0, 1}}, "I,II\n")}) {
    const auto record = read(text);
    REQUIRE(!record);
    CHECK(record.error().code == ErrorCode::kAmbiguous);
    CHECK(record.error().message.find("Hz") != std::string::npos);
  }
  const auto two = read(table(777, {}, "250 Hz\n500 Hz\n" + kHeader));
  REQUIRE(!two);
  CHECK(two.error().code == ErrorCode::kAmbiguous);
}

TEST_CASE("the unit comes from words or from the size and steps of the values") {
  check_values(read(table(5000, {.scale = 1000, .digits = 1}, kHeader)), 500);  // 0.1 steps, hundreds: uV
  check_values(read(table(5000, {.scale = 1000, .digits = 0}, "# unit: uV\n" + kHeader)), 500);
  check_values(read(table(5000, {.scale = 1000, .digits = 0}, "# unit: \xC2\xB5V, 10 mm/mV\n" + kHeader)),
               500);
  check_values(read(table(5000, {.scale = 400, .digits = 0}, "# 500 Hz, 2.5 uV per unit\n" + kHeader)), 500);
  check_values(
      read(table(5000, {.scale = 0.001, .digits = 7},
                 "I (V),II (V),III (V),aVR (V),aVL (V),aVF (V),V1 (V),V2 (V),V3 (V),V4 (V),V5 (V),V6 (V)\n")),
      500);
  std::string by_five =
      kHeader;  // whole numbers in steps of five: microvolts that came from a 5 uV converter
  for (int i = 0; i < 5000; ++i) {
    const int one = 5 * (i % 400 < 20 ? 100 - i % 400 : i % 3), two = 5 * (i % 400 < 20 ? 160 : i % 4);
    by_five +=
        format_text("%d,%d,%d,%d,%d,%d,%d,%d,%d,%d,%d,%d\n", one, two, two - one, -(one + two) / 5 / 2 * 5,
                    one - two / 10 * 5, two - one / 10 * 5, -one, -two, one, two, one, two);
  }
  const auto record = read(by_five);
  REQUIRE(record);
  CHECK(record->lead(Lead::kII)[0] == doctest::Approx(0.8));
}

TEST_CASE("counts of an unknown converter are asked back, not guessed") {
  for (const auto& text : {table(5000, {.scale = 400, .digits = 0}, kHeader),
                           table(5000, {.scale = 40, .digits = 1}, kHeader)}) {
    const auto record = read(text);
    REQUIRE(!record);
    CHECK(record.error().code == ErrorCode::kAmbiguous);
    CHECK(record.error().message.find("uV per unit") != std::string::npos);
  }
  const auto both = read(table(5000, {}, "uV\nmV\n" + kHeader));
  REQUIRE(!both);
  CHECK(both.error().code == ErrorCode::kAmbiguous);
}

TEST_CASE("leads in rows, named and unnamed") {
  for (const bool named : {true, false}) {
    std::string text = "# 500 Hz, mV\n";
    for (int lead = 0; lead < kLeadCount; ++lead) {
      if (named) text += std::string(kLeadNames[lead]) + "\t";
      for (int i = 0; i < 1000; ++i) text += (i > 0 ? "\t" : "") + fixed_text(ecg_row(i)[lead], 4);
      text += "\n";
    }
    check_values(read(text), 500);
  }
}

TEST_CASE("rows that a time column skips are gaps") {
  std::string text = "time_s,I,II\n";
  for (int i = 0; i < 500; ++i)
    if (i < 100 || i >= 150) text += format_text("%.3f,%.4f,%.4f\n", i * 0.002, ecg_row(i)[0], ecg_row(i)[1]);
  const auto record = read(text);
  REQUIRE(record);
  CHECK(record->sample_count() == 500);
  CHECK(std::isnan(record->lead(Lead::kI)[120]));
  CHECK(!std::isnan(record->lead(Lead::kI)[150]));
  const auto backwards = read("time_s,I,II\n0,0.1,0.2\n0.004,0.5,0.2\n0.002,0.1,0.2\n0.006,0.1,0.2\n");
  REQUIRE(!backwards);
  CHECK(backwards.error().code == ErrorCode::kDamaged);
}

TEST_CASE("an incomplete last line is left out; one in the middle is an error with its number") {
  auto text = table(1000, {.time_step = 0.002}, "time," + kHeader);
  text.resize(text.size() - 20);
  const auto record = read(text);
  REQUIRE(record);
  CHECK(record->sample_count() == 999);
  CHECK(has_note(*record, "last line"));
  const auto middle = read(table(100, {.time_step = 0.002}, "time," + kHeader) + "0.2,1,2\n" +
                           table(100, {.time_step = 0.002}));
  REQUIRE(!middle);
  CHECK(middle.error().code == ErrorCode::kDamaged);
  CHECK(middle.error().message.find("Line 102") != std::string::npos);
}

TEST_CASE("pandas writes an index column and numbered columns; trailing separators are no columns") {
  std::string text = ",I,II,III,aVR,aVL,aVF,V1,V2,V3,V4,V5,V6\n";
  const std::string body = table(5000, {});
  size_t at = 0;
  for (int i = 0; i < 5000; ++i) {
    const auto end = body.find('\n', at);
    text += std::to_string(i) + "," + body.substr(at, end - at) + "\n";
    at = end + 1;
  }
  check_values(read(text), 500);
  check_values(read("# 250 Hz\n" + text), 250);
  check_values(read("0,1,2,3,4,5,6,7,8,9,10,11\n" + table(5000, {})), 500);
  std::string trailing = kHeader.substr(0, kHeader.size() - 1) + ",\n";
  for (const char c : table(5000, {})) trailing += c == '\n' ? std::string(",\n") : std::string(1, c);
  check_values(read(trailing), 500);
}

TEST_CASE("Apple Watch exports") {
  for (const bool comma : {true, false}) {
    std::string text =
        "Name,Nobody\nDate of Birth,\"1 Jan 1970\"\nRecorded Date,2024-02-03 04:05:06 "
        "+0100\nDevice,\"Watch7,11\"\nSample Rate," +
        std::string(comma ? "511,422 hertz" : "512 hertz") + "\n\n\nLead,Lead I\nUnit,\xC2\xB5V\n\n";
    for (int i = 0; i < 2000; ++i) text += number(ecg_row(i)[0] * 1000, 3, comma ? ',' : '.') + "\n";
    const auto record = read(text);
    REQUIRE_MESSAGE(record.has_value(), (record ? "" : record.error().message));
    CHECK(record->sample_rate_hz == doctest::Approx(comma ? 511.422 : 512));
    CHECK(record->lead(Lead::kI)[10] == doctest::Approx(ecg_row(10)[0]).epsilon(0.001));
    CHECK(record->source.device == "Watch7,11");
    CHECK(record->source.recorded_at == "2024-02-03T04:05:06");
    CHECK(!record->patient.age_years);
  }
}

TEST_CASE("a table that was cut inside its last number loses that line, not its decimals") {
  std::string text = "# 500 Hz, mV\nI;II\n";
  for (int i = 0; i < 600; ++i) text += std::to_string(i % 3) + ",2500;" + std::to_string(i % 2) + ",7500\n";
  const auto whole = read_files({text_file("a.csv", text)});
  REQUIRE_MESSAGE(whole.has_value(), (whole ? "" : whole.error().message + whole.error().detail));
  CHECK(whole->sample_count() == 600);
  const auto cut = read_files({text_file("a.csv", text.substr(0, text.size() - 4))});
  REQUIRE_MESSAGE(cut.has_value(), (cut ? "" : cut.error().message + cut.error().detail));
  CHECK(cut->sample_count() == 599);
  CHECK(has_note(*cut, "incomplete"));
  CHECK(read_files({text_file("a.csv", text.substr(0, text.size() - 1))})->sample_count() == 600);
}
