// What the leads of one moment say about each other: I + III = II, aVR + aVL + aVF = 0, and a rhythm row repeats its short lead.
#pragma once

#include "paper/lead_plan.h"

namespace precordia {

// Paper that curls is flattened to about a quarter of a millimetre, so that leads of one moment stand a little apart in time, and not
// everywhere by the same. Each lead's time is bent, piecewise straight and as little as that takes, until the sums hold best; what holds
// no better for it is left alone. Sets `moved` of the plan's stretches; `mv` and `confidence` are per stretch of the plan.
void align_by_algebra(LeadPlan& plan, std::vector<std::vector<float>>& mv, std::vector<std::vector<float>>& confidence);

// Where such a sum is far off, one trace was misled (a lead's name printed over it, a neighbour's stroke). The height that the other
// leads ask for is taken for the one trace, and only that one, which has ink there. `mv` and `confidence` are per stretch of the plan.
// Returns the number of samples that were moved.
int reread_by_algebra(const FlatPage& page, const LeadPlan& plan, std::vector<std::vector<float>>& mv, std::vector<std::vector<float>>& confidence);

// What then remains of the sums, where it is no more than reading can be off by, is taken from all the leads involved in equal parts:
// least squares under Einthoven's and Goldberger's equations. A record that breaks them itself is left alone.
void spread_residuals(const FlatPage& page, const LeadPlan& plan, std::vector<std::vector<float>>& mv);

}  // namespace precordia
