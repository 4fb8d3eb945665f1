// Do the leads of a recording fit one heart? What every recorder guarantees (Einthoven's and Goldberger's relations) fails
// when channels are mixed up or one is fed to several inputs. A check of the input, the same for every network.
#pragma once

#include <string>

#include "nets/ecg_network.h"

namespace precordia {

// The sentence for leads that contradict each other, empty when they do not or cannot be judged (under two seconds of
// simultaneous samples). Swapped electrodes keep the relations and are not found here.
std::string lead_contradiction(const EcgNetWindow& window, const EcgModel& model);

}  // namespace precordia
