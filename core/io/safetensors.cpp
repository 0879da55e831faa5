// Safetensors: writing, and reading with every check of the format.
#include "core/io/safetensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <optional>
#include <set>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/io/json.h"

namespace abax {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

constexpr std::uint64_t max_header = 100'000'000;  // bytes, as in the published reader
constexpr std::string_view metadata_key = "__metadata__";

// Conversions of a stored element to one of ours. `Stored` is read by memcpy.
float from_f16(std::uint16_t bits) {
  const std::uint32_t sign = (bits & 0x8000u) << 16;
  const std::uint32_t exponent = (bits >> 10) & 31u;
  const std::uint32_t fraction = bits & 0x3ffu;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000u | (fraction << 13));
  if (exponent != 0)
    return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (fraction << 13));
  const float magnitude = static_cast<float>(fraction) * 0x1p-24f;  // zero and subnormals
  return sign ? -magnitude : magnitude;
}

float from_bf16(std::uint16_t bits) { return std::bit_cast<float>(std::uint32_t{bits} << 16); }

float from_f64(double value) { return static_cast<float>(value); }

std::optional<std::int32_t> from_i64(std::int64_t value) {
  if (value < std::numeric_limits<std::int32_t>::min() ||
      value > std::numeric_limits<std::int32_t>::max())
    return std::nullopt;
  return static_cast<std::int32_t>(value);
}

/// An element type of the format: its size, and ours as which it is read.
struct Stored {
  std::string_view name;
  std::uint64_t bytes;
  std::optional<DType> read_as;
};
constexpr std::array<Stored, 15> stored_types = {{
    {"F32", 4, f32},
    {"I32", 4, i32},
    {"U8", 1, u8},
    {"F64", 8, f32},
    {"F16", 2, f32},
    {"BF16", 2, f32},
    {"I64", 8, i32},
    {"BOOL", 1, {}},
    {"I8", 1, {}},
    {"F8_E5M2", 1, {}},
    {"F8_E4M3", 1, {}},
    {"I16", 2, {}},
    {"U16", 2, {}},
    {"U32", 4, {}},
    {"U64", 8, {}},
}};

const Stored* find_stored(std::string_view name) {
  const auto* found = std::ranges::find(stored_types, name, &Stored::name);
  return found == stored_types.end() ? nullptr : found;
}

std::string_view stored_name(DType dtype) {
  return std::ranges::find(stored_types, std::optional(dtype), &Stored::read_as)->name;
}

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& what) {
  throw CheckpointError(str_cat("'", path.string(), "' is not a valid safetensors file: ", what));
}

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& tensor,
                       const std::string& what) {
  fail(path, str_cat("tensor '", tensor, "': ", what));
}

std::string shape_text(const std::vector<std::uint64_t>& sizes) {
  std::string result = "[";
  for (std::size_t i = 0; i < sizes.size(); ++i)
    result += (i ? ", " : "") + std::to_string(sizes[i]);
  return result + "]";
}

/// a * b, or nothing where that is more than 64 bits.
std::optional<std::uint64_t> product(std::uint64_t a, std::uint64_t b) {
  if (a != 0 && b > std::numeric_limits<std::uint64_t>::max() / a) return std::nullopt;
  return a * b;
}

/// One member of the header. Its offset is still relative to the end of the header.
SafetensorsEntry parse_entry(const std::filesystem::path& path, const std::string& name,
                             const Json& json) {
  SafetensorsEntry entry;
  entry.name = name;
  std::vector<std::uint64_t> sizes;
  std::uint64_t end = 0;
  try {
    for (const auto& [key, value] : json.object())
      if (key != "dtype" && key != "shape" && key != "data_offsets")
        throw DataError(str_cat("unknown key '", key, "' (known: dtype, shape, data_offsets)"));
    entry.stored = json.at("dtype").string();
    for (const Json& size : json.at("shape").array()) sizes.push_back(size.natural());
    const Json::Array& offsets = json.at("data_offsets").array();
    if (offsets.size() != 2)
      throw DataError(str_cat("data_offsets are two numbers, found ", offsets.size()));
    entry.offset = offsets[0].natural();
    end = offsets[1].natural();
  } catch (const DataError& error) {
    fail(path, name, error.what());
  }

  const Stored* stored = find_stored(entry.stored);
  if (!stored) fail(path, name, str_cat("unknown element type '", entry.stored, "'"));
  if (end < entry.offset)
    fail(path, name, str_cat("it ends at byte ", end, ", before its start at ", entry.offset));
  entry.bytes = end - entry.offset;
  std::optional<std::uint64_t> expected = stored->bytes;
  for (const std::uint64_t size : sizes)
    if (expected) expected = product(*expected, size);
  if (!expected)
    fail(path, name, str_cat("the size of shape ", shape_text(sizes), " is beyond 64 bits"));
  if (*expected != entry.bytes)
    fail(path, name,
         str_cat(entry.stored, " of shape ", shape_text(sizes), " takes ", *expected,
                 " bytes, its offsets hold ", entry.bytes));
  try {
    const std::vector<std::int64_t> signed_sizes(sizes.begin(), sizes.end());
    entry.type = {Shape(signed_sizes), stored->read_as.value_or(f32)};
  } catch (const ShapeError& error) {
    fail(path, name, error.what());
  }
  entry.readable = stored->read_as.has_value();
  return entry;
}

std::map<std::string, std::string> parse_metadata(const std::filesystem::path& path,
                                                  const Json& json) {
  std::map<std::string, std::string> metadata;
  try {
    for (const auto& [key, value] : json.object()) metadata[key] = value.string();
  } catch (const DataError& error) {
    fail(path, str_cat(metadata_key, ": ", error.what()));
  }
  return metadata;
}

template <class StoredElement, class Convert>
bool convert(const std::vector<std::byte>& bytes, Tensor& into, Convert convert_one) {
  using Element =
      std::conditional_t<std::is_same_v<StoredElement, std::int64_t>, std::int32_t, float>;
  const auto out = into.as<Element>();
  for (std::size_t i = 0; i < out.size(); ++i) {
    StoredElement element;
    std::memcpy(&element, bytes.data() + i * sizeof element, sizeof element);
    const std::optional<Element> value = convert_one(element);
    if (!value) return false;
    out[i] = *value;
  }
  return true;
}

}  // namespace

FileSummary write_safetensors(const std::filesystem::path& path,
                              const SafetensorsContents& contents) {
  std::set<std::string_view> names;
  std::vector<const std::pair<std::string, TensorView>*> order;
  for (const auto& tensor : contents.tensors) {
    if (tensor.first == metadata_key)
      throw UsageError(str_cat("a tensor cannot be named '", metadata_key, "'"));
    if (!names.insert(tensor.first).second)
      throw UsageError(str_cat("two tensors are named '", tensor.first, "'"));
    order.push_back(&tensor);
  }
  std::ranges::stable_sort(order, std::greater<>{},
                           [](const auto* tensor) { return size_of(tensor->second.type.dtype); });

  Json::Object header;
  if (!contents.metadata.empty())
    header.emplace_back(metadata_key,
                        Json::Object(contents.metadata.begin(), contents.metadata.end()));
  std::uint64_t offset = 0;
  for (const auto* tensor : order) {
    const TensorType& type = tensor->second.type;
    const std::uint64_t end = offset + type.bytes();
    header.emplace_back(tensor->first,
                        Json::Object{{"dtype", stored_name(type.dtype)},
                                     {"shape", Json::Array(type.shape.begin(), type.shape.end())},
                                     {"data_offsets", Json::Array{offset, end}}});
    offset = end;
  }
  std::string header_text = to_text(header);
  header_text.resize((header_text.size() + 7) / 8 * 8, ' ');  // so that the elements are aligned
  if (header_text.size() > max_header)
    throw UsageError(str_cat("the header of '", path.string(), "' would have ", header_text.size(),
                             " bytes; readers accept ", max_header));

  AtomicFile file(path);
  const std::uint64_t length = header_text.size();
  file.write(std::as_bytes(std::span(&length, 1)));
  file.write(header_text);
  for (const auto* tensor : order)
    file.write({static_cast<const std::byte*>(tensor->second.data), tensor->second.type.bytes()});
  return file.commit();
}

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path) try : file_(path) {
  std::uint64_t length = 0;
  if (file_.size() < sizeof length)
    fail(path, str_cat("it has ", file_.size(), " bytes, fewer than the 8 of the header's length"));
  file_.read(0, std::as_writable_bytes(std::span(&length, 1)));
  if (length > max_header)
    fail(path, str_cat("a header of ", length, " bytes; at most ", max_header, " are allowed"));
  const std::uint64_t start = sizeof length + length;
  if (start > file_.size())
    fail(path,
         str_cat("the header should end at byte ", start, ", the file ends at ", file_.size()));
  std::string header(length, '\0');
  file_.read(sizeof length, std::as_writable_bytes(std::span(header)));
  if (!header.starts_with('{')) fail(path, "the header does not begin with '{'");

  Json json;
  try {
    json = parse_json(header);
  } catch (const DataError& error) {
    fail(path, str_cat("the header is ", error.what()));
  }
  for (const auto& [name, value] : json.object())
    if (name == metadata_key)
      metadata_ = parse_metadata(path, value);
    else
      entries_.push_back(parse_entry(path, name, value));

  std::ranges::sort(entries_, {}, [](const SafetensorsEntry& entry) {
    return std::pair(entry.offset, entry.bytes);
  });
  std::uint64_t end = 0;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    SafetensorsEntry& entry = entries_[i];
    if (entry.offset != end)
      fail(path, entry.name,
           str_cat("expected to start at byte ", end, " of the data, starts at ", entry.offset,
                   entry.offset < end ? " (overlap)" : " (hole)"));
    end += entry.bytes;
    entry.offset += start;
    index_.emplace(entry.name, i);
  }
  if (end != file_.size() - start)
    fail(path, str_cat("the tensors take ", end, " bytes, the file holds ", file_.size() - start,
                       " after its header"));
} catch (const DataError& error) {
  throw CheckpointError(error.what());
}

const SafetensorsEntry* SafetensorsFile::find(std::string_view name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &entries_[found->second];
}

Tensor SafetensorsFile::read(std::string_view name) const {
  const SafetensorsEntry* entry = find(name);
  if (!entry) {
    std::vector<std::string> names;
    for (const auto& [known, index] : index_) names.push_back(known);
    const std::string nearest = nearest_name(name, names);
    throw CheckpointError(
        str_cat("'", file_.path().string(), "' holds no tensor '", name, "'",
                nearest.empty() ? "" : str_cat("; did you mean '", nearest, "'?")));
  }
  Tensor result(entry->type);
  read(*entry, result);
  return result;
}

void SafetensorsFile::read(const SafetensorsEntry& entry, Tensor& into) const {
  const auto refuse = [&](const std::string& what) {
    throw CheckpointError(
        str_cat("'", file_.path().string(), "', tensor '", entry.name, "': ", what));
  };
  if (!entry.readable)
    refuse(str_cat("element type ", entry.stored, " cannot be read; store it as F32, I32 or U8"));
  if (into.type() != entry.type) refuse(str_cat("expected ", into.type(), ", found ", entry.type));
  try {
    if (entry.stored == stored_name(entry.type.dtype)) {
      file_.read(entry.offset, {static_cast<std::byte*>(into.data()), into.bytes()});
      return;
    }
    std::vector<std::byte> bytes(entry.bytes);
    file_.read(entry.offset, bytes);
    const bool fits = entry.stored == "F64"    ? convert<double>(bytes, into, from_f64)
                      : entry.stored == "F16"  ? convert<std::uint16_t>(bytes, into, from_f16)
                      : entry.stored == "BF16" ? convert<std::uint16_t>(bytes, into, from_bf16)
                                               : convert<std::int64_t>(bytes, into, from_i64);
    if (!fits) refuse("an I64 value does not fit 32 bits");
  } catch (const DataError& error) {
    throw CheckpointError(error.what());
  }
}

}  // namespace abax
