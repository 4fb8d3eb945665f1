// Plan: traces among the lines; millimetres from the grid, speed and gain from the words; rows and columns of leads; samples.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/text.h"
#include "formats/pdf.h"

namespace precordia {
namespace {

constexpr double kPointsPerMm = 72 / 25.4;
constexpr size_t kFewestTracePoints = 100;
constexpr double kShortestTraceMm = 20, kLongestGridGapMm = 8;
constexpr double kSampleRateHz = 500;
constexpr double kLongestPageSeconds = 120;
constexpr size_t kMostTraces = 64;

// --- traces ------------------------------------------------------------------------------------------------------------------

struct Trace {
  std::vector<PdfPoint> points;   // left to right
  double left = 0, right = 0, middle_y = 0;
};

// Programs cut a trace into many strokes; what starts where the last one ended goes on.
std::vector<PdfLine> joined(std::vector<PdfLine> lines) {
  std::vector<PdfLine> out;
  for (auto& line : lines) {
    if (!out.empty() && out.back().colour == line.colour) {
      const PdfPoint end = out.back().points.back(), start = line.points.front();
      if (std::abs(end.x - start.x) < 0.02 && std::abs(end.y - start.y) < 0.02) {
        out.back().points.insert(out.back().points.end(), line.points.begin() + 1, line.points.end());
        continue;
      }
    }
    out.push_back(std::move(line));
  }
  return out;
}

double median_of(std::vector<double> values) {
  if (values.empty()) return 0;
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

// The height at which the trace spends most of its width, whatever the density of its points.
double middle_of(const std::vector<PdfPoint>& points) {
  std::vector<double> heights;
  const double left = points.front().x, width = points.back().x - left;
  size_t at = 0;
  for (int i = 0; i < 500; ++i) {
    const double x = left + width * i / 500;
    while (at + 1 < points.size() && points[at + 1].x < x) ++at;
    heights.push_back(points[at].y);
  }
  return median_of(std::move(heights));
}

std::vector<Trace> traces_of(const std::vector<PdfLine>& lines, double points_per_mm) {
  std::vector<Trace> traces;
  for (const auto& line : lines) {
    if (line.points.size() < kFewestTracePoints) continue;
    size_t backwards = 0;
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < line.points.size(); ++i) {
      backwards += i > 0 && line.points[i].x < line.points[i - 1].x - 1e-6;
      low = std::min(low, line.points[i].x), high = std::max(high, line.points[i].x);
    }
    if (backwards * 50 > line.points.size() || high - low < kShortestTraceMm * points_per_mm) continue;
    Trace trace{line.points, low, high, 0};
    if (backwards > 0) std::stable_sort(trace.points.begin(), trace.points.end(), [](const PdfPoint& a, const PdfPoint& b) { return a.x < b.x; });
    trace.middle_y = middle_of(trace.points);
    traces.push_back(std::move(trace));
    if (traces.size() == kMostTraces) break;
  }
  return traces;
}

// --- scale -------------------------------------------------------------------------------------------------------------------

struct Scale {
  double mm_x = kPointsPerMm, mm_y = kPointsPerMm;   // points per millimetre of paper
  bool from_grid = false;
  double mm_per_s = 25, limb_mm_per_mv = 10, chest_mm_per_mv = 10;
};

// Distance between neighbouring grid lines; 0 when there is no grid. Coordinates of all long straight lines of one direction.
double spacing_of(std::vector<double> at) {
  std::sort(at.begin(), at.end());
  std::vector<double> gaps;
  for (size_t i = 1; i < at.size(); ++i)
    if (at[i] - at[i - 1] > 0.5 && at[i] - at[i - 1] < kLongestGridGapMm * kPointsPerMm * 2) gaps.push_back(at[i] - at[i - 1]);
  if (gaps.size() < 8) return 0;
  const double typical = median_of(gaps);
  double sum = 0;
  size_t near = 0;
  for (const double gap : gaps)
    if (std::abs(gap - typical) < 0.03 * typical) sum += gap, ++near;
  return near * 10 >= gaps.size() * 7 ? sum / static_cast<double>(near) : 0;
}

// A grid line every millimetre or every five; which of the two, the size of paper tells.
double points_per_mm(double spacing) {
  if (spacing <= 0) return 0;
  return spacing < 2.4 * kPointsPerMm ? spacing : spacing / 5;
}

void read_grid(const std::vector<PdfLine>& lines, Scale& scale) {
  std::vector<double> across, down;
  for (const auto& line : lines) {
    for (size_t i = 1; i < line.points.size() && line.points.size() <= 6; ++i) {
      const PdfPoint a = line.points[i - 1], b = line.points[i];
      const double width = std::abs(a.x - b.x), height = std::abs(a.y - b.y);
      if (width < 0.01 && height > 30 * kPointsPerMm) across.push_back(a.x);
      if (height < 0.01 && width > 30 * kPointsPerMm) down.push_back(a.y);
    }
  }
  const double x = points_per_mm(spacing_of(std::move(across))), y = points_per_mm(spacing_of(std::move(down)));
  scale.from_grid = x > 0 || y > 0;
  if (scale.from_grid) scale.mm_x = x > 0 ? x : y, scale.mm_y = y > 0 ? y : x;
}

// Numbers in front of a unit, in order of appearance: "25.0 mm/s", "10mm/mV", "10/5 mm/mV".
std::vector<double> numbers_before(std::string_view text, std::string_view unit) {
  std::vector<double> numbers;
  const std::string lower = lower_ascii(text);
  for (size_t at = lower.find(unit); at != std::string::npos; at = lower.find(unit, at + 1)) {
    size_t end = at;
    while (end > 0 && lower[end - 1] == ' ') --end;
    size_t begin = end;
    while (begin > 0 && ((lower[begin - 1] >= '0' && lower[begin - 1] <= '9') || lower[begin - 1] == '.')) --begin;
    const auto value = parse_number(std::string_view(lower).substr(begin, end - begin));
    if (value && *value >= 1 && *value <= 200) numbers.push_back(*value);
  }
  return numbers;
}

void read_words(const std::vector<PdfText>& texts, Scale& scale, std::vector<std::string>& notes) {
  std::vector<double> speeds, gains;
  for (const auto& piece : texts) {
    for (const double v : numbers_before(piece.text, "mm/s")) speeds.push_back(v);
    for (const double v : numbers_before(piece.text, "mm/mv")) gains.push_back(v);
  }
  if (!speeds.empty()) scale.mm_per_s = speeds[0];
  else notes.push_back("The page states no paper speed; 25 mm/s is assumed.");
  if (!gains.empty()) {
    scale.limb_mm_per_mv = scale.chest_mm_per_mv = gains[0];
    if (gains.size() == 2) scale.chest_mm_per_mv = gains[1];   // limb leads, then chest leads
  } else {
    notes.push_back("The page states no gain; 10 mm/mV is assumed.");
  }
  if (!scale.from_grid) notes.push_back("The page has no grid drawn as lines; its true size is assumed.");
}

// --- rows and columns ----------------------------------------------------------------------------------------------------------

struct Label {
  double x = 0, y = 0;
  Lead lead{};
};

struct DrawnLead {
  Lead lead{};
  const Trace* trace = nullptr;
  double left = 0, right = 0;
};

// Groups of things at about one height, top row first.
template <typename T, typename Height>
std::vector<std::vector<T>> rows_of(std::vector<T> things, double tolerance, Height height) {
  std::sort(things.begin(), things.end(), [&](const T& a, const T& b) { return height(a) > height(b); });
  std::vector<std::vector<T>> rows;
  for (const T& thing : things) {
    if (rows.empty() || height(rows.back().front()) - height(thing) > tolerance) rows.emplace_back();
    rows.back().push_back(thing);
  }
  return rows;
}

// One row of labels over one row of traces: one each, or one long trace that the labels divide evenly.
bool assign_row(std::vector<Label> labels, std::vector<const Trace*> traces, std::vector<DrawnLead>& leads) {
  std::sort(labels.begin(), labels.end(), [](const Label& a, const Label& b) { return a.x < b.x; });
  std::sort(traces.begin(), traces.end(), [](const Trace* a, const Trace* b) { return a->left < b->left; });
  if (labels.size() == traces.size()) {
    for (size_t i = 0; i < labels.size(); ++i) leads.push_back({labels[i].lead, traces[i], traces[i]->left, traces[i]->right});
    return true;
  }
  if (traces.size() != 1) return false;
  const double width = (traces[0]->right - traces[0]->left) / static_cast<double>(labels.size());
  for (size_t i = 0; i < labels.size(); ++i) {
    const double left = traces[0]->left + width * static_cast<double>(i);
    if (std::abs(labels[i].x - labels[0].x - width * static_cast<double>(i)) > 0.15 * width) return false;
    leads.push_back({labels[i].lead, traces[0], left, left + width});
  }
  return true;
}

bool assign_leads(const PdfPage& page, const std::vector<Trace>& traces, double mm_y, std::vector<DrawnLead>& leads) {
  std::vector<Label> labels;
  for (const auto& piece : page.texts)
    if (const auto lead = lead_from_name(piece.text); lead && trim(piece.text).size() <= 8) labels.push_back({piece.x, piece.y, *lead});
  if (labels.empty()) return false;
  std::vector<const Trace*> pointers;
  for (const auto& trace : traces) pointers.push_back(&trace);
  const auto label_rows = rows_of(labels, 4 * mm_y, [](const Label& label) { return label.y; });
  const auto trace_rows = rows_of(pointers, 4 * mm_y, [](const Trace* trace) { return trace->middle_y; });
  if (label_rows.size() != trace_rows.size()) return false;
  for (size_t i = 0; i < label_rows.size(); ++i)
    if (!assign_row(label_rows[i], trace_rows[i], leads)) return false;
  return true;
}

// --- samples -------------------------------------------------------------------------------------------------------------------

// The trace between two positions, sampled from `origin` on; what the page does not show of the lead is missing.
NamedChannel sampled(const DrawnLead& drawn, const Scale& scale, double origin) {
  NamedChannel channel{.name = kLeadNames[index_of(drawn.lead)], .rate_hz = kSampleRateHz, .is_voltage = true, .mv = {}};
  const double points_per_s = scale.mm_x * scale.mm_per_s;
  const double mm_per_mv = drawn.lead >= Lead::kV1 ? scale.chest_mm_per_mv : scale.limb_mm_per_mv;
  const double points_per_mv = scale.mm_y * mm_per_mv;
  const auto first = static_cast<size_t>(std::max(0.0, std::ceil((drawn.left - origin) / points_per_s * kSampleRateHz - 1e-6)));
  const auto last = static_cast<size_t>(std::max(0.0, std::floor((drawn.right - origin) / points_per_s * kSampleRateHz + 1e-6)));
  channel.mv.assign(std::max(first, last), std::numeric_limits<float>::quiet_NaN());
  const auto& points = drawn.trace->points;
  std::vector<double> heights;
  size_t at = 0;
  for (size_t i = first; i < last; ++i) {
    const double x = origin + static_cast<double>(i) / kSampleRateHz * points_per_s;
    while (at + 2 < points.size() && points[at + 1].x < x) ++at;
    const PdfPoint a = points[at], b = points[at + 1];
    const double part = b.x > a.x ? std::clamp((x - a.x) / (b.x - a.x), 0.0, 1.0) : 0;
    heights.push_back(a.y + part * (b.y - a.y));
  }
  // Nothing on the page says where 0 mV is; the height at which the lead rests stands for it.
  const double zero = median_of(heights);
  for (size_t i = 0; i < heights.size(); ++i) channel.mv[first + i] = sample_mv((heights[i] - zero) / points_per_mv);
  return channel;
}

std::unexpected<Error> no_trace(bool pictures) {
  if (pictures)
    return fail(ErrorCode::kNotRecognised, "This PDF holds a picture of an ECG, not its lines, and it is too small or one of several files; "
                                           "open it alone, or open a photograph of the page.");
  return fail(ErrorCode::kNotRecognised, "This PDF holds no ECG trace that is drawn as lines; export the ECG itself instead.");
}

// --- pages that are pictures -----------------------------------------------------------------------------------------------------

struct PagePicture {
  PdfDrawnImage image;   // the largest of the page
  bool cut = false;      // it shares the page with others of its kind
  int turns = 0;         // of the page, clockwise
};

double number_of(const PdfFile& file, std::string_view dictionary, std::string_view key) {
  return parse_number(file.resolved(pdf_value(dictionary, key))).value_or(0);
}

// /Rotate of a page or of the pages that it belongs to, in quarter turns.
int turns_of(const PdfFile& file, const PdfObject& page) {
  const PdfObject* node = &page;
  for (int up = 0; up < 10 && node; ++up) {
    if (const auto turn = parse_integer(file.resolved(pdf_value(node->text, "/Rotate")))) return static_cast<int>((*turn / 90 % 4 + 4) % 4);
    node = file.referenced(pdf_value(node->text, "/Parent"));
  }
  return 0;
}

// One per page that shows a picture; none at all when a page has traces, which are the better source.
std::vector<PagePicture> pictures_of(const PdfFile& file) {
  std::vector<PagePicture> pictures;
  if (file.encrypted) return pictures;
  size_t pages = 0;
  for (const auto& [number, object] : file.objects) {
    if (pdf_value(object.text, "/Type") != "/Page" || ++pages > kMostPdfPages) continue;
    auto drawn = draw_pdf_page(file, object);
    if (!drawn) continue;
    drawn->lines = joined(std::move(drawn->lines));
    if (!traces_of(drawn->lines, kPointsPerMm).empty()) return {};
    PagePicture largest;
    double most = 0, all = 0;
    for (const PdfDrawnImage& image : drawn->pictures) {
      if (!image.object) continue;
      const double pixels = number_of(file, image.object->text, "/Width") * number_of(file, image.object->text, "/Height");
      all += pixels;
      if (pixels > most) most = pixels, largest.image = image;
    }
    largest.cut = most < 0.6 * all;
    largest.turns = turns_of(file, object);
    if (all >= kSmallestPdfPicturePixels && most > 0) pictures.push_back(largest);
  }
  return pictures;
}

}  // namespace

Evidence pdf_evidence(std::span<const uint8_t> bytes) {
  const std::string_view start(reinterpret_cast<const char*>(bytes.data()), std::min<size_t>(bytes.size(), 1024));
  return start.find("%PDF-") != std::string_view::npos ? Evidence::kCertain : Evidence::kNone;
}

bool pdf_shows_picture(std::span<const uint8_t> bytes) { return pdf_evidence(bytes) == Evidence::kCertain && !pictures_of(scan_pdf(bytes)).empty(); }

Result<PdfPicture> pdf_picture(std::span<const uint8_t> bytes) {
  const PdfFile file = scan_pdf(bytes);
  const std::vector<PagePicture> pictures = pictures_of(file);
  if (pictures.empty()) return no_trace(false);
  const PagePicture& first = pictures.front();
  if (first.cut)
    return fail(ErrorCode::kNotRecognised, "The page of this PDF is cut into several pictures, which are not put together again; photograph the page, or save it as one picture.");
  PRECORDIA_TRY(PdfPicture picture, unpacked_picture(file, first.image, first.turns));
  picture.pages = pictures.size();
  return picture;
}

Result<DecodedEcg> decode_pdf(std::span<const InputFile> files) {
  const PdfFile file = scan_pdf(files[0].bytes);
  if (file.encrypted)
    return fail(ErrorCode::kNotRecognised, "This PDF is locked with a password or against copying; print it to a new PDF or export the ECG itself.");
  PdfPage page;
  std::vector<Trace> traces;
  size_t pages = 0, images = 0, pages_with_traces = 0;
  Scale scale;
  for (const auto& [number, object] : file.objects) {
    if (pdf_value(object.text, "/Type") != "/Page" || ++pages > kMostPdfPages) continue;
    PRECORDIA_TRY(auto drawn, draw_pdf_page(file, object));
    images += drawn.pictures.size();
    drawn.lines = joined(std::move(drawn.lines));
    Scale here;
    read_grid(drawn.lines, here);
    auto found = traces_of(drawn.lines, here.mm_x);
    if (found.empty() || pages_with_traces++ > 0) continue;
    page = std::move(drawn);
    traces = std::move(found);
    scale = here;
  }
  if (pages == 0) return fail(ErrorCode::kDamaged, "This PDF holds no page that can be read; it is damaged, export or copy it again.");
  if (traces.empty()) return no_trace(images > 0);

  DecodedEcg decoded;
  auto& record = decoded.record;
  record.source.format = "PDF (vector)";
  read_words(page.texts, scale, record.notes);
  std::vector<DrawnLead> leads;
  if (!assign_leads(page, traces, scale.mm_y, leads))
    return fail(ErrorCode::kAmbiguous, format_text("This PDF shows %zu traces, and it cannot be told which leads they are; export the ECG itself instead.",
                                                   traces.size()));
  double origin = INFINITY, end = 0;
  for (const auto& lead : leads) origin = std::min(origin, lead.left), end = std::max(end, lead.right);
  if (!((end - origin) / (scale.mm_x * scale.mm_per_s) <= kLongestPageSeconds))
    return fail(ErrorCode::kDamaged, "The scale of this PDF cannot be right: it would show more than two minutes; export the ECG itself instead.");
  // A rhythm strip shows more of its lead than the column does.
  std::stable_sort(leads.begin(), leads.end(), [](const DrawnLead& a, const DrawnLead& b) { return a.right - a.left > b.right - b.left + 1; });
  for (const auto& lead : leads) decoded.channels.push_back(sampled(lead, scale, origin));
  if (pages_with_traces > 1) record.notes.push_back(format_text("%zu pages show traces; the first one is used.", pages_with_traces));
  record.notes.push_back("Read from lines on a page: heights are relative to where each lead rests, and details finer than the drawing are lost.");
  return decoded;
}

}  // namespace precordia
