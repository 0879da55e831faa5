// PNG files, in memory: one image each. The only header that stands for libpng.
#pragma once

#include <string>
#include <string_view>

#include "models/data/images/images.h"

namespace abax::data {

bool is_png(std::string_view bytes);

/// One image of 8 bits a channel: 1 channel where the file is grey, else 3 (red, green, blue).
/// Palettes are resolved, 16 bits become 8, what is transparent stands on black. Throws DataError
/// with the name, the offset and the reason.
Images read_png(std::string_view bytes, const std::string& name);

/// A whole file of the image at this position, of 1 or 3 channels. Throws UsageError on other
/// numbers of channels, MemoryError.
std::string png_of(const Images& images, std::size_t position = 0);

}  // namespace abax::data
