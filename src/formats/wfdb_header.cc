// header(5): the record line, then one line per signal or per segment, with comments anywhere.
#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "formats/wfdb.h"

namespace precordia {
namespace {

std::unexpected<Error> bad_header(std::string detail) {
  return fail(ErrorCode::kDamaged, "The WFDB header cannot be read; export or copy the .hea file again.",
              std::move(detail));
}

bool has_letter(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
}

// The number at the start of `text`, which it then leaves behind. Digits, sign, point and exponent only.
std::optional<double> take_number(std::string_view& text) {
  size_t length = 0;
  while (length < text.size()) {
    const char c = text[length];
    const bool exponent_sign =
        (c == '+' || c == '-') && length > 0 && (text[length - 1] == 'e' || text[length - 1] == 'E');
    const bool leading_sign = (c == '+' || c == '-') && length == 0;
    if (!((c >= '0' && c <= '9') || c == '.' || ((c == 'e' || c == 'E') && length > 0) || exponent_sign ||
          leading_sign))
      break;
    ++length;
  }
  const auto value = parse_number(text.substr(0, length));
  if (value) text.remove_prefix(length);
  return value;
}

std::optional<long long> take_count(std::string_view& text, long long largest) {
  size_t length = 0;
  while (length < text.size() && text[length] >= '0' && text[length] <= '9') ++length;
  const auto value = parse_integer(text.substr(0, length));
  if (!value || *value > largest) return {};
  text.remove_prefix(length);
  return value;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// "hh:mm:ss.sss" and "dd/mm/yyyy" -> "yyyy-mm-ddThh:mm:ss"; empty unless there is a date.
std::string iso_time(std::string_view time, std::string_view date) {
  const auto day = split(date, '/');
  if (day.size() != 3) return {};
  const auto d = parse_integer(day[0]), m = parse_integer(day[1]), y = parse_integer(day[2]);
  if (!d || !m || !y || *d < 1 || *d > 31 || *m < 1 || *m > 12 || *y < 1 || *y > 9999) return {};
  std::string out =
      format_text("%04d-%02d-%02d", static_cast<int>(*y), static_cast<int>(*m), static_cast<int>(*d));
  const auto clock = split(time, ':');
  long long seconds = 0;
  for (const auto& part : clock) {
    const auto value = parse_number(part);
    if (!value || *value < 0 || *value >= 60 || clock.size() > 3) return out;
    seconds = seconds * 60 + static_cast<long long>(*value);
  }
  if (seconds >= 24 * 3600) return out;
  return out + format_text("T%02d:%02d:%02d", static_cast<int>(seconds / 3600),
                           static_cast<int>(seconds / 60 % 60), static_cast<int>(seconds % 60));
}

// name[/segments] signals [rate[/counter[(base)]]] [samples] [time] [date]
Result<int> parse_record_line(std::string_view line, WfdbHeader& header) {
  const auto words = split_blank(line);
  if (words.size() < 2) return bad_header("record line has fewer than two fields");
  const auto slash = words[0].find('/');
  header.record_name = std::string(words[0].substr(0, slash));
  int segments = 0;
  if (slash != std::string_view::npos) {
    auto rest = words[0].substr(slash + 1);
    const auto count = take_count(rest, kMostWfdbSegments);
    if (!count || !rest.empty() || *count == 0) return bad_header("number of segments is not 1 to 4096");
    segments = static_cast<int>(*count);
  }
  auto signals = words[1];
  const auto signal_count = take_count(signals, kMostWfdbSignals);
  if (!signal_count || !signals.empty()) return bad_header("number of signals is not 0 to 512");
  header.stated_signals = static_cast<int>(*signal_count);

  if (words.size() > 2) {
    auto rate = words[2];
    const auto value = take_number(rate);
    if (!value || !(*value > 0) || *value > 1e6 || (!rate.empty() && rate.front() != '/'))
      return bad_header("sampling frequency is not a positive number");
    header.frame_rate_hz = *value;
  }
  if (words.size() > 3) {
    auto samples = words[3];
    const auto value = take_count(samples, 1LL << 40);
    if (value && samples.empty()) {
      if (*value > 0) header.frame_count = static_cast<size_t>(std::min<long long>(*value, 0xFFFFFFFFLL));
    } else if (words[3].find(':') == std::string_view::npos) {
      return bad_header("number of samples is not a number");
    }
  }
  if (words.size() > 5) header.recorded_at = iso_time(words[4], words[5]);
  return segments;
}

// format[xN][:skew][+offset]
bool parse_format(std::string_view text, WfdbSignal& signal) {
  const auto format = take_count(text, 9999);
  if (!format) return false;
  signal.format = static_cast<int>(*format);
  while (!text.empty()) {
    const char kind = text.front();
    text.remove_prefix(1);
    const auto value = take_count(text, kind == 'x' ? kMostSamplesPerFrame : 1LL << 30);
    if (!value) return false;
    if (kind == 'x' && *value > 0)
      signal.samples_per_frame = static_cast<int>(*value);
    else if (kind == ':')
      signal.skew_frames = static_cast<int>(*value);
    else if (kind == '+')
      signal.byte_offset = static_cast<size_t>(*value);
    else
      return false;
  }
  return true;
}

// gain[(baseline)][/units]
bool parse_gain(std::string_view text, WfdbSignal& signal, std::optional<double>& baseline) {
  const auto gain = take_number(text);
  if (!gain) return false;
  if (*gain != 0) {
    signal.gain = *gain;
    signal.gain_stated = true;
  }
  if (!text.empty() && text.front() == '(') {
    text.remove_prefix(1);
    baseline = take_number(text);
    if (!baseline || text.empty() || text.front() != ')') return false;
    text.remove_prefix(1);
  }
  if (text.empty()) return true;
  if (text.front() != '/') return false;
  signal.units = printable_text(text.substr(1), 24);
  return true;
}

// file format [gain] [resolution] [zero] [initial value] [checksum] [block size] [description to the end of
// the line]
Result<WfdbSignal> parse_signal_line(std::string_view line) {
  WfdbSignal signal;
  const auto words = split_blank(line);
  if (words.size() < 2) return bad_header("signal line has fewer than two fields");
  signal.file_name = std::string(words[0]);
  if (!parse_format(words[1], signal))
    return bad_header("signal format is not understood: " + printable_text(words[1]));

  std::optional<double> baseline;
  if (words.size() > 2 && !parse_gain(words[2], signal, baseline))
    return bad_header("gain is not understood: " + printable_text(words[2]));
  double adc_zero = 0;
  for (size_t field = 3; field < std::min<size_t>(words.size(), 8); ++field) {
    const auto value = parse_integer(words[field]);
    if (!value) return bad_header("signal line holds no integer in field " + std::to_string(field + 1));
    if (field == 4) {
      adc_zero = static_cast<double>(*value);
      signal.initial_value = *value;  // header(5): the initial value defaults to the ADC zero
    }
    if (field == 5) signal.initial_value = *value;
    if (field == 6) signal.checksum = *value;
  }
  signal.baseline = baseline.value_or(adc_zero);
  if (words.size() > 8)
    signal.description = printable_text(line.substr(static_cast<size_t>(words[8].data() - line.data())));
  return signal;
}

// The lines that count, comments apart.
struct HeaderLines {
  std::vector<std::string_view> content;
  std::vector<std::string> comments;
};

HeaderLines header_lines(std::string_view text) {
  HeaderLines lines;
  for (std::string_view line : split(text, '\n')) {
    line = trim(line);
    if (line.empty()) continue;
    if (line.front() != '#') {
      lines.content.push_back(line);
    } else if (lines.comments.size() < 1000) {
      while (!line.empty() && line.front() == '#') line.remove_prefix(1);
      lines.comments.push_back(printable_text(line, 200));
    }
  }
  return lines;
}

std::string_view without_mark(std::string_view text) {
  return text.starts_with("\xEF\xBB\xBF") ? text.substr(3) : text;
}

}  // namespace

bool looks_like_wfdb_header(std::span<const uint8_t> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()),
                              std::min<size_t>(bytes.size(), 1u << 16));
  if (text.find('\0') != std::string_view::npos) return false;
  const auto lines = header_lines(without_mark(text));
  if (lines.content.empty()) return false;
  WfdbHeader header;
  const auto words = split_blank(lines.content[0]);
  if (words.size() < 2 || words[0].find_first_of(",;\"") != std::string_view::npos) return false;
  const auto segments = parse_record_line(lines.content[0], header);
  if (!segments) return false;
  if (lines.content.size() == 1) return words.size() >= 3 && header.stated_signals == 0;
  // A table of numbers separated by blanks must not pass: a signal file or segment has a name, a signal a
  // known format.
  const auto second = split_blank(lines.content[1]);
  if (*segments > 0) return second.size() == 2 && is_digit(second[1].front());
  WfdbSignal signal;
  return header.stated_signals > 0 && second.size() >= 2 && has_letter(second[0]) &&
         parse_format(second[1], signal) && (signal.format == 0 || is_wfdb_format(signal.format));
}

Evidence wfdb_evidence(std::span<const uint8_t> bytes) {
  return looks_like_wfdb_header(bytes) ? Evidence::kLikely : Evidence::kNone;
}

Result<WfdbHeader> parse_wfdb_header(std::string_view text) {
  if (text.size() > kLargestWfdbHeaderBytes)
    return fail(ErrorCode::kTooLarge, "The WFDB header is larger than 1 MB.");
  WfdbHeader header;
  auto lines = header_lines(without_mark(text));
  header.comments = std::move(lines.comments);
  if (lines.content.empty()) return bad_header("no record line");
  PRECORDIA_TRY(const int segments, parse_record_line(lines.content[0], header));

  if (segments > 0) {
    if (lines.content.size() < 1 + static_cast<size_t>(segments))
      return bad_header("fewer segment lines than announced");
    for (int i = 0; i < segments; ++i) {
      const auto words = split_blank(lines.content[1 + static_cast<size_t>(i)]);
      if (words.size() < 2) return bad_header("segment line has fewer than two fields");
      auto count_text = words[1];
      const auto count = take_count(count_text, 0xFFFFFFFFLL);
      if (!count || !count_text.empty()) return bad_header("segment length is not a number");
      header.segments.push_back({std::string(words[0]), static_cast<size_t>(*count)});
    }
    return header;
  }
  if (lines.content.size() < 1 + static_cast<size_t>(header.stated_signals))
    return fail(
        ErrorCode::kDamaged,
        format_text(
            "The WFDB header announces %d signals but describes only %d; it is incomplete, copy it again.",
            header.stated_signals, static_cast<int>(lines.content.size()) - 1));
  for (int i = 0; i < header.stated_signals; ++i) {
    PRECORDIA_TRY(auto signal, parse_signal_line(lines.content[1 + static_cast<size_t>(i)]));
    header.signals.push_back(std::move(signal));
  }
  return header;
}

}  // namespace precordia
