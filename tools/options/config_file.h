// Configuration files: the values of fields as TOML.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/io/json.h"
#include "models/settings/values.h"

namespace abax {

/// The values of a file's text; `name` is for messages. Keys of a table are called TABLE-KEY.
/// Throws UsageError on text that is no TOML.
std::vector<GivenValue> read_toml(std::string_view content, const std::string& name,
                                  Origin origin = Origin::file);
/// Those of a file. Throws UsageError where it cannot be read.
std::vector<GivenValue> read_config_file(const std::string& path);

/// All values as a configuration file that reads back the same.
std::string to_toml(const Fields& fields);
/// The same as an object, for metrics.
Json to_json(const Fields& fields);

}  // namespace abax
