// chrF: how many runs of characters two texts share (Popović 2015).
//
//     chrf({"the cat sat"}, {"the cat sits"});   // 61.0
#pragma once

#include <span>
#include <string>

namespace abax {

/// Corpus chrF of translations, line i against reference i, from 0 to 100: over runs of one to six
/// characters without white space the clipped matches of the corpus are counted; of the mean
/// precision P and the mean recall R it is the F-score (1 + b^2) P R / (b^2 P + R) with b = 2.
/// Lengths of runs that either side lacks altogether are left out of the means. As SacreBLEU's
/// "nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no". `lower_case`: in small letters on both sides.
/// Lines are UTF-8. Throws DataError where they are not, where the numbers of lines differ or there
/// are none.
double chrf(std::span<const std::string> translations, std::span<const std::string> references,
            bool lower_case = false);

}  // namespace abax
