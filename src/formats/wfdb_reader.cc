// From a WFDB header and its signal files to an EcgRecord.
#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "formats/assemble.h"
#include "formats/flac.h"
#include "formats/stored_samples.h"
#include "formats/wfdb.h"

namespace precordia {
namespace {

std::string_view base_name(std::string_view path) {
  const auto slash = path.find_last_of("/\\");
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

// By exact name first, then ignoring case (files that went through a FAT stick).
const InputFile* find_file(std::span<const InputFile> files, std::string_view name) {
  name = base_name(name);
  for (const auto& file : files)
    if (base_name(file.name) == name) return &file;
  for (const auto& file : files)
    if (lower_ascii(base_name(file.name)) == lower_ascii(name)) return &file;
  return nullptr;
}

std::unexpected<Error> missing_files(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::string detail;
  for (const auto& name : names) detail += (detail.empty() ? "" : "\n") + name;
  return fail(ErrorCode::kMissingCompanion,
              "This WFDB record also needs " + listed(names, 6) + "; open it together with the header.",
              std::move(detail));
}

// Signals [first, last) of a header that share one signal file.
struct SignalGroup {
  size_t first, last;
  const InputFile* file;
};

// MATLAB level 4 file with one int16 matrix "val" (the form in which PhysioNet's .mat records are written):
// mopt 0030, rows, columns, no imaginary part, a name of 4 bytes. The samples start at byte 24, column by
// column, which is frame by frame.
constexpr size_t kMatDataOffset = 24;
bool is_mat4_int16(std::span<const uint8_t> bytes) {
  constexpr uint8_t kName[] = {'v', 'a', 'l', 0};
  const auto word = [&](size_t at) {
    return bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16 | uint32_t{bytes[at + 3]} << 24;
  };
  return bytes.size() > kMatDataOffset && word(0) == 30 && word(12) == 0 && word(16) == 4 &&
         std::equal(std::begin(kName), std::end(kName), bytes.begin() + 20);
}

Result<std::vector<SignalGroup>> signal_groups(const WfdbHeader& header, std::span<const InputFile> files) {
  std::vector<SignalGroup> groups;
  std::vector<std::string> missing;
  for (size_t i = 0; i < header.signals.size();) {
    const auto& signal = header.signals[i];
    size_t last = i + 1;
    while (last < header.signals.size() && header.signals[last].file_name == signal.file_name) ++last;
    if (signal.format != 0) {
      if (!is_wfdb_format(signal.format))
        return fail(
            ErrorCode::kDamaged,
            format_text(
                "The WFDB header names the signal format %d, which does not exist; copy the record again.",
                signal.format));
      for (size_t j = i; j < last; ++j)
        if (header.signals[j].format != signal.format)
          return fail(ErrorCode::kDamaged,
                      "The WFDB header gives one signal file two formats; copy the record again.");
      const InputFile* file = find_file(files, signal.file_name);
      if (!file) missing.push_back(printable_text(base_name(signal.file_name), 200));
      groups.push_back({i, last, file});
    }
    i = last;
  }
  if (!missing.empty()) return missing_files(std::move(missing));
  return groups;
}

std::unexpected<Error> too_short(const InputFile& file, uint64_t frames_there, uint64_t frames_wanted,
                                 double frame_rate_hz) {
  return fail(ErrorCode::kDamaged, "The signal file " + printable_text(file.name) + " ends after " +
                                       fixed_text(static_cast<double>(frames_there) / frame_rate_hz, 1) +
                                       " of " +
                                       fixed_text(static_cast<double>(frames_wanted) / frame_rate_hz, 1) +
                                       " seconds; the copy is incomplete, copy it again.");
}

std::unexpected<Error> too_many_samples() {
  return fail(ErrorCode::kTooLarge,
              "The recording is too long for this program; cut out a part of up to one hour and open that.");
}

// The samples of one group, in file order: element f of a frame, f counted over the group's signals and
// samples per frame.
struct GroupData {
  int format;
  std::span<const uint8_t> packed;
  std::vector<std::vector<int32_t>> flac;  // per channel
  size_t frame_size = 0;                   // samples per frame over the whole group
  uint64_t frames = 0;                     // whole frames in the file
  uint64_t spare_bytes = 0;                // after the announced frames
};

Result<GroupData> open_group(const WfdbHeader& header, const SignalGroup& group,
                             std::vector<std::string>& notes) {
  const auto signals = std::span(header.signals).subspan(group.first, group.last - group.first);
  GroupData data{.format = signals[0].format, .packed = {}, .flac = {}};
  for (const auto& signal : signals) data.frame_size += static_cast<size_t>(signal.samples_per_frame);

  size_t offset = signals[0].byte_offset;
  if (offset == 0 && is_mat4_int16(group.file->bytes)) {
    offset = kMatDataOffset;
    notes.push_back("The header does not mention the 24-byte MATLAB prologue of " +
                    printable_text(group.file->name) + "; it was skipped.");
  }
  if (offset > group.file->bytes.size())
    return too_short(*group.file, 0, header.frame_count.value_or(1), header.frame_rate_hz);
  const auto bytes = group.file->bytes.subspan(offset);

  if (is_flac_format(data.format)) {
    for (const auto& signal : signals)
      if (signal.samples_per_frame != signals[0].samples_per_frame)
        return fail(ErrorCode::kDamaged,
                    "The WFDB header gives signals of one FLAC file different rates; copy the record again.");
    PRECORDIA_TRY(auto audio, decode_flac(bytes, kLargestSampleCount));
    if (audio.channels.size() != signals.size() || audio.bits_per_sample > data.format - 500)
      return fail(ErrorCode::kDamaged,
                  "The FLAC file " + printable_text(group.file->name) +
                      " does not hold what its header announces; copy the record again.");
    data.flac = std::move(audio.channels);
    data.frames = data.flac[0].size() / static_cast<size_t>(signals[0].samples_per_frame);
  } else {
    data.packed = bytes;
    data.frames = wfdb_samples_in(data.format, bytes.size()) / data.frame_size;
    if (header.frame_count) {
      const uint64_t needed = wfdb_bytes_for(data.format, uint64_t{*header.frame_count} * data.frame_size);
      data.spare_bytes = bytes.size() > needed ? bytes.size() - needed : 0;
    }
  }
  return data;
}

// The formats of whole bytes, of signals with one sample per frame and no skew, as nearly all records are: read in bulk.
std::optional<StoredAs> stored_in_bulk(const GroupData& data, std::span<const WfdbChannel> channels) {
  for (const auto& channel : channels)
    if (channel.signal.samples_per_frame != 1 || channel.signal.skew_frames != 0) return {};
  switch (data.format) {
    case 16: return StoredAs::kInt16;
    case 61: return StoredAs::kInt16Big;
    case 24: return StoredAs::kInt24;
    case 32: return StoredAs::kInt32;
    default: return {};
  }
}

void fill_in_bulk(const GroupData& data, StoredAs stored, uint64_t frames, std::span<WfdbChannel> channels) {
  auto counts = read_interleaved(stored, data.packed, frames, channels.size());
  const int32_t missing = wfdb_missing_value(data.format).value_or(kWfdbMissing);
  for (size_t c = 0; c < channels.size(); ++c) {
    uint32_t sum = 0;
    for (int32_t& value : counts[c]) {
      sum += static_cast<uint32_t>(value);
      value = value == missing ? kWfdbMissing : value;
    }
    channels[c].samples = std::move(counts[c]);
    const auto stated = channels[c].signal.checksum;
    channels[c].checksum_differs = stated && (sum & 0xFFFF) != (static_cast<uint64_t>(*stated) & 0xFFFF);
  }
}

// Samples of signal `signal` whose first sample is element `start` of each frame; counts the checksum on the
// way.
void fill_channel(const GroupData& data, size_t channel_in_group, size_t start, uint64_t frames,
                  WfdbChannel& channel) {
  const auto& signal = channel.signal;
  const auto per_frame = static_cast<size_t>(signal.samples_per_frame);
  const auto missing = wfdb_missing_value(data.format);
  channel.samples.assign(frames * per_frame, kWfdbMissing);
  uint32_t sum = 0;
  auto running =
      static_cast<uint32_t>(signal.initial_value);  // format 8 holds differences; wraps rather than overflows
  const uint64_t skew = static_cast<uint64_t>(signal.skew_frames);
  for (uint64_t frame = 0; frame < std::min(frames + skew, data.frames); ++frame) {
    for (size_t k = 0; k < per_frame; ++k) {
      int32_t value = is_flac_format(data.format)
                          ? data.flac[channel_in_group][frame * per_frame + k]
                          : wfdb_sample(data.format, data.packed, frame * data.frame_size + start + k);
      if (data.format == 8) value = static_cast<int32_t>(running += static_cast<uint32_t>(value));
      sum += static_cast<uint32_t>(value);
      if (frame >= skew && value != missing) channel.samples[(frame - skew) * per_frame + k] = value;
    }
  }
  // A skewed signal's checksum covers samples that the record does not hold, so it cannot be held against it.
  channel.checksum_differs =
      signal.checksum && skew == 0 && (sum & 0xFFFF) != (static_cast<uint64_t>(*signal.checksum) & 0xFFFF);
}

// PhysioNet's LUDB gives each lead a gain that stretches it to exactly 1 mV peak to peak, which destroys the
// relation between leads; its raw values are microvolts. Recognised by what only such a header shows: every
// lead spans 1 mV, yet Einthoven's law holds between the raw values.
bool gains_only_normalise(std::span<const WfdbChannel> channels) {
  std::array<const WfdbChannel*, 3> limb{};
  int leads = 0;
  for (const auto& channel : channels) {
    const auto lead = lead_from_name(channel.signal.description);
    if (!lead || millivolts_per(channel.signal.units) != 1 || channel.samples.empty()) continue;
    ++leads;
    if (index_of(*lead) < 3) limb[index_of(*lead)] = &channel;
    const auto [low, high] = std::minmax_element(channel.samples.begin(), channel.samples.end());
    if (*low == kWfdbMissing) return false;
    const double span_mv = (static_cast<double>(*high) - *low) / std::abs(channel.signal.gain);
    if (std::abs(span_mv - 1) > 0.01) return false;
  }
  if (leads < 6 || !limb[0] || !limb[1] || !limb[2]) return false;
  if (limb[0]->signal.gain == limb[1]->signal.gain && limb[1]->signal.gain == limb[2]->signal.gain)
    return false;
  const size_t count = std::min({limb[0]->samples.size(), limb[1]->samples.size(), limb[2]->samples.size()});
  for (size_t i = 0; i < count; ++i)
    if (std::abs(int64_t{limb[1]->samples[i]} - limb[0]->samples[i] - limb[2]->samples[i]) > 2) return false;
  return true;
}

NamedChannel physical(WfdbChannel& channel, bool raw_is_microvolt) {
  NamedChannel out{
      .name = channel.signal.description, .rate_hz = channel.rate_hz, .is_voltage = true, .mv = {}};
  const double unit_mv = millivolts_per(channel.signal.units);
  out.is_voltage = unit_mv > 0;
  if (!out.is_voltage) return out;
  out.nv_per_count = raw_is_microvolt ? 1e3 : unit_mv / channel.signal.gain * 1e6;
  out.zero_count = raw_is_microvolt ? 0 : channel.signal.baseline;
  out.counts = std::move(channel.samples);
  return out;
}

Result<std::vector<NamedChannel>> physical_channels(const WfdbHeader& header,
                                                    std::span<const InputFile> files,
                                                    std::vector<std::string>& notes) {
  PRECORDIA_TRY(auto channels, decode_wfdb(header, files, notes));
  std::vector<std::string> differing, without_gain;
  const bool raw_is_microvolt = gains_only_normalise(channels);
  if (raw_is_microvolt)
    notes.push_back(
        "The header stretches every lead to 1 mV peak to peak; the stored values are used instead, as "
        "microvolts.");
  std::vector<NamedChannel> out;
  for (auto& channel : channels) {
    if (channel.checksum_differs) differing.push_back(printable_text(channel.signal.description, 40));
    if (!channel.signal.gain_stated && lead_from_name(channel.signal.description))
      without_gain.push_back(printable_text(channel.signal.description, 40));
    out.push_back(physical(channel, raw_is_microvolt));
  }
  if (!differing.empty())
    notes.push_back("The checksum of " + listed(differing) +
                    " does not match the samples: the file was changed after it was recorded or is damaged.");
  if (!without_gain.empty())
    notes.push_back("No gain is stated for " + listed(without_gain) +
                    "; the WFDB default of 200 units per mV is assumed.");
  return out;
}

// One entry per distinct channel name of a multi-segment record, filled segment by segment.
struct JoinedChannels {
  std::vector<NamedChannel> channels;
  std::vector<size_t> per_frame;

  size_t find_or_add(const NamedChannel& like, size_t samples_per_frame, double frame_rate_hz) {
    for (size_t i = 0; i < channels.size(); ++i)
      if (channels[i].name == like.name && per_frame[i] == samples_per_frame) return i;
    channels.push_back(
        {like.name, frame_rate_hz * static_cast<double>(samples_per_frame), like.is_voltage, {}});
    per_frame.push_back(samples_per_frame);
    return channels.size() - 1;
  }
};

Result<std::vector<NamedChannel>> join_segments(const WfdbHeader& header, std::span<const InputFile> files,
                                                WfdbHeader& first_segment, std::vector<std::string>& notes) {
  // All headers first, so that every missing file is named at once.
  std::vector<WfdbHeader> segments;
  std::vector<std::string> missing;
  for (const auto& segment : header.segments) {
    segments.emplace_back();
    if (segment.record_name == "~") continue;
    const auto* file = find_file(files, segment.record_name + ".hea");
    if (!file) {
      missing.push_back(printable_text(base_name(segment.record_name), 200) + ".hea");
      continue;
    }
    const std::string_view text(reinterpret_cast<const char*>(file->bytes.data()), file->bytes.size());
    PRECORDIA_TRY(segments.back(), parse_wfdb_header(text));
    if (segments.back().multi_segment())
      return fail(ErrorCode::kDamaged,
                  "A segment of this WFDB record consists of segments itself, which is not allowed.");
    for (const auto& signal : segments.back().signals)
      if (segment.frame_count > 0 && signal.format != 0 && !find_file(files, signal.file_name))
        missing.push_back(printable_text(base_name(signal.file_name), 200));
    if (first_segment.signals.empty()) first_segment = segments.back();
  }
  if (!missing.empty()) return missing_files(std::move(missing));

  uint64_t total_frames = 0;
  for (const auto& segment : header.segments) total_frames += segment.frame_count;
  if (total_frames > kLargestSampleCount) return too_many_samples();
  JoinedChannels joined;
  uint64_t start = 0;
  for (size_t i = 0; i < segments.size(); ++i) {
    const auto frames = header.segments[i].frame_count;
    if (frames == 0 || header.segments[i].record_name == "~") {
      start += frames;
      continue;
    }
    if (segments[i].frame_rate_hz != header.frame_rate_hz)
      return fail(ErrorCode::kDamaged,
                  "The segments of this WFDB record have different sample rates; open them one by one.");
    if (!segments[i].frame_count) segments[i].frame_count = frames;
    PRECORDIA_TRY(auto channels, physical_channels(segments[i], files, notes));
    std::vector<size_t> filled;  // a name that occurs twice in one segment keeps its first channel
    for (size_t k = 0; k < channels.size(); ++k) {
      const auto per_frame = static_cast<size_t>(segments[i].signals[k].samples_per_frame);
      const size_t to = joined.find_or_add(channels[k], per_frame, header.frame_rate_hz);
      if (!channels[k].is_voltage || channels[k].counts.empty() ||
          std::find(filled.begin(), filled.end(), to) != filled.end())
        continue;
      const auto segment_mv = taken_mv(channels[k]);  // segments may differ in gain
      filled.push_back(to);
      auto& mv = joined.channels[to].mv;
      if (mv.empty()) {
        if (uint64_t{joined.channels.size()} * total_frames * per_frame > kLargestSampleCount)
          return too_many_samples();
        mv.assign(total_frames * per_frame, std::numeric_limits<float>::quiet_NaN());
      }
      const size_t count = std::min(segment_mv.size(), static_cast<size_t>(frames) * per_frame);
      std::copy_n(segment_mv.begin(), count, mv.begin() + static_cast<std::ptrdiff_t>(start * per_frame));
    }
    start += frames;
  }
  return std::move(joined.channels);
}

std::string format_name(const WfdbHeader& header) {
  std::vector<int> formats;
  for (const auto& signal : header.signals)
    if (std::find(formats.begin(), formats.end(), signal.format) == formats.end())
      formats.push_back(signal.format);
  std::string out = formats.size() == 1 ? "WFDB format " : "WFDB formats ";
  for (size_t i = 0; i < formats.size(); ++i) out += (i > 0 ? ", " : "") + std::to_string(formats[i]);
  return formats.empty() ? "WFDB" : out;
}

void add_patient(const std::vector<std::string>& comments, RecordedPatient& patient) {
  for (const auto& comment : comments) add_patient_facts(comment, patient);
  // MIT-BIH writes "69 M 1085 1629 x1" in the first comment.
  for (const auto& comment : comments) {
    const auto words = split_blank(comment);
    if (words.size() < 2 || (words[1] != "M" && words[1] != "F")) continue;
    const auto age = parse_integer(words[0]);
    if (!age || *age < 0 || *age > 120) continue;
    if (!patient.age_years) patient.age_years = static_cast<double>(*age);
    if (!patient.sex) patient.sex = words[1] == "M" ? Sex::kMale : Sex::kFemale;
  }
}

}  // namespace

Result<std::vector<WfdbChannel>> decode_wfdb(const WfdbHeader& header, std::span<const InputFile> files,
                                             std::vector<std::string>& notes) {
  PRECORDIA_TRY(const auto groups, signal_groups(header, files));
  std::vector<GroupData> data;
  for (const auto& group : groups) {
    PRECORDIA_TRY(auto opened, open_group(header, group, notes));
    data.push_back(std::move(opened));
  }

  // Without a stated length the shortest file decides.
  uint64_t frames = header.frame_count.value_or(0);
  if (!header.frame_count)
    for (size_t g = 0; g < groups.size(); ++g)
      frames = g == 0 ? data[g].frames : std::min(frames, data[g].frames);
  uint64_t per_frame = 0;
  for (const auto& signal : header.signals) per_frame += static_cast<uint64_t>(signal.samples_per_frame);
  if (frames * per_frame > kLargestSampleCount) return too_many_samples();  // both factors are under 2^32

  std::vector<WfdbChannel> channels;
  for (const auto& signal : header.signals)
    channels.push_back({signal, header.frame_rate_hz * signal.samples_per_frame, {}, false});
  for (size_t g = 0; g < groups.size(); ++g) {
    if (data[g].frames < frames)
      return too_short(*groups[g].file, data[g].frames, frames, header.frame_rate_hz);
    if (data[g].spare_bytes > 0)
      notes.push_back("The signal file " + printable_text(groups[g].file->name) +
                      " is longer than its header announces (" + std::to_string(data[g].spare_bytes) +
                      " bytes); the rest was left out.");
    const auto of_group = std::span(channels).subspan(groups[g].first, groups[g].last - groups[g].first);
    if (const auto stored = stored_in_bulk(data[g], of_group)) {
      fill_in_bulk(data[g], *stored, frames, of_group);
      continue;
    }
    size_t start = 0;
    for (size_t i = groups[g].first; i < groups[g].last; ++i) {
      fill_channel(data[g], i - groups[g].first, start, frames, channels[i]);
      start += static_cast<size_t>(channels[i].signal.samples_per_frame);
    }
  }
  return channels;
}

Result<DecodedEcg> decode_wfdb_record(std::span<const InputFile> files) {
  const std::string_view text(reinterpret_cast<const char*>(files[0].bytes.data()), files[0].bytes.size());
  PRECORDIA_TRY(const auto header, parse_wfdb_header(text));
  EcgRecord record;
  record.source.recorded_at = header.recorded_at;
  add_patient(header.comments, record.patient);

  std::vector<NamedChannel> channels;
  if (header.multi_segment()) {
    WfdbHeader first_segment;
    PRECORDIA_TRY(channels, join_segments(header, files, first_segment, record.notes));
    record.source.format =
        format_name(first_segment) + format_text(", %d segments", static_cast<int>(header.segments.size()));
    add_patient(first_segment.comments, record.patient);
  } else {
    if (header.signals.empty())
      return fail(ErrorCode::kNotAnEcg, "This WFDB record holds annotations only, no signal.");
    PRECORDIA_TRY(channels, physical_channels(header, files, record.notes));
    record.source.format = format_name(header);
  }
  std::vector<std::string> unique_notes;
  for (auto& note : record.notes)
    if (std::find(unique_notes.begin(), unique_notes.end(), note) == unique_notes.end())
      unique_notes.push_back(std::move(note));
  record.notes = std::move(unique_notes);
  return DecodedEcg{std::move(channels), std::move(record)};
}

}  // namespace precordia
