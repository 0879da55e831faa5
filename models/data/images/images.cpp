// Reading images by their content, putting them together, binarising them.
#include "models/data/images/images.h"

#include <algorithm>
#include <system_error>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/base/text.h"
#include "models/data/gzip.h"
#include "models/data/images/png.h"

namespace abax::data {
namespace {

namespace fs = std::filesystem;

std::string size_of(const Images& images) {
  return str_cat(images.height, " x ", images.width, " x ", images.channels);
}

ImageFile read_file_of_images(const fs::path& path) {
  const std::string bytes = read_bytes(path);
  const std::string name = path.string();
  if (is_png(bytes)) return {read_png(bytes, name), {}};
  if (is_idx(bytes)) {
    try {
      return read_idx(bytes, name);
    } catch (const DataError&) {  // CIFAR-10 has no signature and may begin like one of IDX
      if (!is_cifar10(bytes)) throw;
    }
  }
  if (bytes.empty()) throw DataError(str_cat("'", name, "', at byte 0: the file is empty"));
  try {
    return {read_cifar10(bytes, name), {}};
  } catch (const DataError& error) {
    throw DataError(str_cat(error.what(), "; nor is it IDX or PNG"));
  }
}

bool is_folder(const fs::path& path) {
  std::error_code ignored;  // whoever opens the path gets the reason
  return fs::is_directory(path, ignored);
}

/// The entries of a folder in order of their names; hidden ones are left out.
std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (!entry.path().filename().string().starts_with('.')) entries.push_back(entry.path());
  if (error) throw DataError(str_cat("cannot read '", folder.string(), "': ", error.message()));
  std::ranges::sort(entries);
  return entries;
}

void append_folder(Images& images, const fs::path& folder, int label) {
  for (const fs::path& path : entries_of(folder)) {
    const std::string bytes = read_bytes(path);
    if (!is_png(bytes))
      throw DataError(str_cat("'", path.string(),
                              "', at byte 0: it is no PNG file, as all files of ", folder.string(),
                              " must be"));
    Images one = read_png(bytes, path.string());
    if (label >= 0) one.labels.push_back(label);
    append(images, one, path.string());
  }
}

Images read_folder(const fs::path& folder) {
  Images images;
  const std::vector<fs::path> entries = entries_of(folder);
  if (!entries.empty() && std::ranges::all_of(entries, is_folder)) {
    std::vector<std::string> names;
    for (const fs::path& path : entries) {
      append_folder(images, path, static_cast<int>(names.size()));
      names.push_back(path.filename().string());
    }
    images.names = std::move(names);
  } else {
    append_folder(images, folder, -1);
  }
  if (images.size() == 0) throw DataError(str_cat("'", folder.string(), "' holds no PNG files"));
  return images;
}

}  // namespace

std::int64_t Images::classes() const {
  if (labels.empty()) return 0;
  const std::int64_t greatest = *std::ranges::max_element(labels);
  return std::max<std::int64_t>(greatest + 1, std::ssize(names));
}

Images select(const Images& images, std::span<const std::size_t> positions) {
  Images result{images.height, images.width, images.channels, {}, {}, images.names};
  result.pixels.reserve(positions.size() * images.image_bytes());
  for (const std::size_t position : positions) {
    const auto image = images.image(position);
    result.pixels.insert(result.pixels.end(), image.begin(), image.end());
    if (!images.labels.empty()) result.labels.push_back(images.labels[position]);
  }
  return result;
}

void append(Images& images, const Images& more, std::string_view name) {
  if (images.size() == 0) {
    images = more;
    return;
  }
  if (size_of(images) != size_of(more))
    throw DataError(str_cat("'", name, "' has images of ", size_of(more), ", the files before it ",
                            size_of(images), " (height x width x channels)"));
  if (images.labels.empty() != more.labels.empty())
    throw DataError(str_cat("'", name, "' has ", more.labels.empty() ? "no" : "",
                            " labels, the files "
                            "before it have ",
                            images.labels.empty() ? "none" : "some"));
  images.pixels.insert(images.pixels.end(), more.pixels.begin(), more.pixels.end());
  images.labels.insert(images.labels.end(), more.labels.begin(), more.labels.end());
}

Images read_images(const std::vector<std::string>& paths) {
  Images all, last;
  std::string last_name;
  const auto take_last = [&] {
    if (last.size() > 0) append(all, last, last_name);
    last = {};
  };
  for (const std::string& path : paths) {
    ImageFile file;
    if (is_folder(path))
      file.images = read_folder(path);
    else
      file = read_file_of_images(path);
    if (file.labels.empty()) {
      take_last();
      last = std::move(file.images);
      last_name = path;
      continue;
    }
    if (last.size() != file.labels.size() || !last.labels.empty())
      throw DataError(str_cat("'", path, "' holds ", file.labels.size(), " labels, but the file ",
                              "before it ", last.size(), " images ",
                              last.labels.empty() ? "" : "that have labels already"));
    last.labels = std::move(file.labels);
  }
  take_last();
  if (all.size() == 0)
    throw DataError(str_cat("'", paths.empty() ? "" : paths[0], "' has no images"));
  return all;
}

Images binarised(const Images& images, std::uint64_t seed) {
  Images result = images;
  const std::uint64_t key = stream_key(seed, "data", "binarise");
  for (std::size_t image = 0; image < images.size(); ++image) {
    Random random(key, image);
    const std::size_t first = image * images.image_bytes();
    for (std::size_t i = first; i < first + images.image_bytes(); ++i)
      result.pixels[i] = random.below(255) < images.pixels[i] ? 255 : 0;
  }
  return result;
}

PixelMoments pixel_moments(const Images& images) {
  // Whole numbers: exact, whatever the order.
  std::uint64_t sum = 0, squares = 0;
  for (const std::uint64_t pixel : images.pixels) sum += pixel, squares += pixel * pixel;
  const double count = std::max<double>(1, static_cast<double>(images.pixels.size()));
  const double mean = static_cast<double>(sum) / count / 255;
  return {mean, static_cast<double>(squares) / count / (255.0 * 255.0) - mean * mean};
}

}  // namespace abax::data
