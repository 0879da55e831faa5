// Codes as NPY and as JSON lines.
#include "models/data/codes/code_file.h"

#include <charconv>
#include <limits>
#include <sstream>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/io/file.h"
#include "core/io/json.h"
#include "models/data/codes/npy.h"
#include "models/data/gzip.h"

namespace abax {
namespace {

constexpr const char* kind_of_file = "codes";

/// Which of the two formats; throws UsageError.
bool named_npy(const std::filesystem::path& path) {
  if (path.extension() == ".npy") return true;
  if (path.extension() == ".jsonl") return false;
  throw UsageError(str_cat("'", path.string(), "': codes are files named .npy or .jsonl"));
}

Json header_of(const CodeFile& file) {
  return Json::Object{{"abax", kind_of_file},
                      {"model", file.model},
                      {"hash", file.hash},
                      {"positions", file.shape.positions},
                      {"kinds", file.shape.kinds}};
}

/// Throws DataError on what is no header of codes.
CodeFile read_header(std::string_view header) {
  const Json json = parse_json(header);
  if (json.at("abax").string() != kind_of_file) throw DataError("it holds no codes");
  CodeFile file;
  file.model = json.at("model").string();
  file.hash = json.at("hash").string();
  file.shape = {json.at("positions").integer(), json.at("kinds").integer()};
  if (file.shape.positions < 1 || file.shape.kinds < 0 ||
      file.shape.kinds > std::numeric_limits<std::int32_t>::max())
    throw DataError("sizes out of range");
  return file;
}

DType dtype_of_codes(const CodeShape& shape) { return shape.kinds > 0 ? i32 : f32; }

std::string json_lines(const CodeFile& file) {
  std::string content = to_text(header_of(file)) + "\n";
  const std::int64_t images = file.codes.shape()[0], positions = file.shape.positions;
  for (std::int64_t image = 0; image < images; ++image) {
    Json::Array codes;
    for (std::int64_t i = image * positions; i < (image + 1) * positions; ++i) {
      const auto at = static_cast<std::size_t>(i);
      if (file.codes.dtype() == i32)
        codes.emplace_back(file.codes.as<std::int32_t>()[at]);
      else
        codes.emplace_back(double{file.codes.as<float>()[at]});
    }
    Json::Object line{{"codes", std::move(codes)}};
    if (!file.labels.empty() && file.labels[static_cast<std::size_t>(image)] >= 0)
      line.emplace_back("label", file.labels[static_cast<std::size_t>(image)]);
    content += to_text(line) + "\n";
  }
  return content;
}

/// Adds the codes of a line; throws DataError.
void read_line(std::string_view line, const CodeShape& shape, std::vector<double>& codes,
               std::vector<std::int32_t>& labels) {
  const Json json = parse_json(line);
  const Json::Array& values = json.at("codes").array();
  if (std::ssize(values) != shape.positions)
    throw DataError(str_cat("expected ", shape.positions, " codes, found ", values.size()));
  for (const Json& value : values) {
    if (shape.kinds > 0 && (value.integer() < 0 || value.integer() >= shape.kinds))
      throw DataError(str_cat("the code ", value.integer(), " is not in 0 to ", shape.kinds - 1));
    codes.push_back(value.number());
  }
  const Json* label = json.find("label");
  labels.push_back(label ? static_cast<std::int32_t>(label->integer()) : -1);
}

CodeFile read_json_lines(const std::string& all, const std::string& name) {
  std::istringstream in(all);
  std::string line;
  std::int64_t number = 1;
  try {
    std::getline(in, line);
    CodeFile file = read_header(line);
    std::vector<double> codes;
    while (std::getline(in, line)) {
      ++number;
      read_line(line, file.shape, codes, file.labels);
    }
    file.codes =
        Tensor({std::ssize(file.labels), file.shape.positions}, dtype_of_codes(file.shape));
    for (std::size_t i = 0; i < codes.size(); ++i)
      if (file.codes.dtype() == i32)
        file.codes.as<std::int32_t>()[i] = static_cast<std::int32_t>(codes[i]);
      else
        file.codes.as<float>()[i] = static_cast<float>(codes[i]);
    return file;
  } catch (const DataError& error) {
    throw DataError(str_cat("'", name, "', line ", number, ": ", error.what()));
  }
}

}  // namespace

void check_codes_name(const std::filesystem::path& path) { named_npy(path); }

void write_codes(const std::filesystem::path& path, const CodeFile& codes) {
  if (named_npy(path))
    write_npy(path, codes.codes, to_text(header_of(codes)));
  else
    write_file_atomically(path, json_lines(codes));
}

CodeFile read_codes(const std::filesystem::path& path) {
  const std::string bytes = data::read_bytes(path);
  if (!is_npy(bytes)) return read_json_lines(bytes, path.string());
  NpyFile npy = read_npy(bytes, path.string());
  try {
    CodeFile file = read_header(npy.comment);
    const Shape& shape = npy.tensor.shape();
    if (npy.tensor.dtype() != dtype_of_codes(file.shape) || shape.rank() != 2 ||
        shape[1] != file.shape.positions)
      throw DataError(str_cat("codes of type ", npy.tensor.type(), " do not fit it"));
    file.codes = std::move(npy.tensor);
    return file;
  } catch (const DataError& error) {
    throw DataError(str_cat("'", path.string(),
                            "': its header does not tell of what model its codes ",
                            "are, as abax-encode would write it: ", error.what()));
  }
}

}  // namespace abax
