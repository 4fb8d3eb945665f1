#include "dashboard/app_state.h"

#include <algorithm>
#include <utility>

#include "dashboard/json_reader.h"

namespace precordia::dashboard {

const Condition kConditions[kConditionCount] = {
    {"normal", "Normal ECG", "Sinus rhythm, nothing abnormal"},
    {"lbbb", "Left bundle branch block", "Broad QRS, notched in I and V6"},
    {"lvh_strain", "LV hypertrophy with strain", "High voltages, inverted T waves"},
    {"old_anterior_mi", "Old anterior infarction", "Q waves in V1 to V4"},
    {"af", "Atrial fibrillation", "Irregular, no P waves"},
    {"echo_reduced", "Echo clips, weak left ventricle", "Two apical views, computed"},
};

namespace {

void queue(AppState& state, const Json& command) {
  state.commands.push_back(command.dump(-1, ' ', false, Json::error_handler_t::replace));
}

// Whether the attention map lies over a new recording's trace unasked: only when the first map belongs to a
// flagged finding that is none of the reassuring ones, and there is an answer at all.
bool attention_wanted(const ViewModel& view) {
  if (view.answer.cannot_tell() || view.network.maps.empty()) return false;
  const RelevanceMapView& first = view.network.maps.front();
  if (first.reassuring) return false;
  return std::any_of(view.network.outputs.begin(), view.network.outputs.end(),
                     [&](const NetworkOutputView& output) {
                       return output.id == first.output_id && output.flag != NetworkFlag::kNone;
                     });
}

}  // namespace

void send(AppState& state, const char* command) {
  Json json;
  json["command"] = command;
  queue(state, json);
}

void send_number(AppState& state, const char* command, const char* key, int value) {
  Json json;
  json["command"] = command;
  json[key] = value;
  queue(state, json);
}

void send_text(AppState& state, const char* command, const char* key, std::string_view value) {
  Json json;
  json["command"] = command;
  json[key] = std::string(value);
  queue(state, json);
}

void send_flag(AppState& state, const char* command, const char* key, bool on) {
  Json json;
  json["command"] = command;
  json[key] = on;
  queue(state, json);
}

void send_page_options(AppState& state) {
  Json json;
  json["command"] = "retrace";
  json["options"] = Json::parse(corrections_json(state.review.corrections()), nullptr, false);
  queue(state, json);
}

Screen home_screen(const AppState& state) {
  return state.review.page ? Screen::kReview : state.view ? Screen::kResult : state.echo.view ? Screen::kEcho : Screen::kStart;
}

void show_echo(AppState& state, std::optional<EchoViewModel> echo, bool corrected) {
  const bool there = echo.has_value();
  show_echo_view(state.echo, std::move(echo), corrected);
  if (!there) {
    if (state.screen == Screen::kEcho) state.screen = home_screen(state);
    return;
  }
  state.error.clear();
  if (!corrected) state.screen = Screen::kEcho;
}

void show_page(AppState& state, std::optional<PageView> page, bool corrected) {
  ReviewState& review = state.review;
  if (!page) {
    const bool skip = review.skip;
    review = {};
    review.skip = skip;
    if (state.screen == Screen::kReview) state.screen = home_screen(state);
    return;
  }
  if (!corrected) {
    const unsigned long long texture = review.texture;
    const bool skip = review.skip;
    review = {};
    review.texture = texture;
    review.skip = skip;
  }
  // The lead that is being mended is looked for by name: a correction may find other leads than before.
  std::string lead;
  bool rhythm = false;
  if (corrected && review.page && review.mode == ReviewMode::kLead && review.lead >= 0 && review.lead < static_cast<int>(review.page->traces.size())) {
    lead = review.page->traces[static_cast<size_t>(review.lead)].lead;
    rhythm = review.page->traces[static_cast<size_t>(review.lead)].rhythm;
  }
  review.page = std::move(page);
  review.grabbed = -1;
  if (review.mode == ReviewMode::kLead) {
    review.lead = -1;
    for (size_t t = 0; t < review.page->traces.size(); ++t)
      if (review.page->traces[t].lead == lead && review.page->traces[t].rhythm == rhythm) review.lead = static_cast<int>(t);
    review.draft.clear();
    if (review.lead < 0 || !review.page->readable()) {
      review.mode = ReviewMode::kLook;
      review.scale = 0;
    } else {
      for (const LeadHints& hints : review.corrections().retrace)
        if (hints.lead == lead) review.draft = hints.through;
    }
  }
  state.error.clear();
  state.screen = Screen::kReview;
}

void send_filter(AppState& state, const FilterView& filter) {
  Json json;
  json["command"] = "set_filter";
  json["high_pass_hz"] = filter.high_pass_hz;
  json["low_pass_hz"] = filter.low_pass_hz;
  json["notch_hz"] = filter.notch_hz;
  queue(state, json);
}

void light_evidence(AppState& state, const EvidenceView& item) {
  put_light_out(state);
  if (!state.view || (item.leads == 0 && item.map.empty())) return;
  state.lit_evidence = item.id;
  state.paper.lit_leads = item.leads;
  if (item.marks) state.paper.marks_on = true;
  for (size_t i = 0; !item.map.empty() && i < state.view->network.maps.size(); ++i)
    if (state.view->network.maps[i].output_id == item.map) {
      state.paper.relevance_map = static_cast<int>(i);
      state.paper.relevance_on = true;
      state.paper.lit_leads = 0;  // the map says where in time; every lead is meant
    }
}

void put_light_out(AppState& state) {
  state.lit_evidence.clear();
  state.paper.lit_leads = 0;
}

void show_view(AppState& state, std::optional<ViewModel> view) {
  const bool same_record = view && state.view && view->input.name == state.view->input.name &&
                           view->ecg.samples == state.view->ecg.samples;
  const bool had_maps = state.view && !state.view->network.maps.empty();
  state.view = std::move(view);
  state.error.clear();
  if (!state.view) {
    if (state.screen == Screen::kResult) state.screen = home_screen(state);
    return;
  }
  // A clip that is looked at stays in sight while the answer beside it is computed anew.
  if (!same_record || state.screen != Screen::kEcho) state.screen = Screen::kResult;
  if (!same_record || !had_maps) state.paper.relevance_on = attention_wanted(*state.view);
  if (state.view->answer.cannot_tell()) state.paper.relevance_on = false;
  if (same_record) return;  // a new filter or profile keeps the reader's place
  state.tab = Tab::kAnswer;
  state.open_evidence.clear();
  put_light_out(state);
  state.open_groups.clear();
  state.open_criterion.clear();
  state.paper.caliper = {};
  state.paper.settings.start_s = 0;
  state.paper.pan_px = 0;
  state.paper.relevance_map = 0;
}

}  // namespace precordia::dashboard
