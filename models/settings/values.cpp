// Values find their fields: by name, choices first.
#include "models/settings/values.h"

#include <algorithm>
#include <deque>
#include <set>

#include "core/base/error.h"
#include "core/base/text.h"

namespace abax {
namespace {

Fields collected(const Declare& declare) {
  Fields fields;
  declare(fields);
  return fields;
}

/// Whether other fields may depend on what this one is set to.
bool decides(const Field& field) {
  return field.is_choice() || field.is_flag() || !field.opening_values().empty() ||
         (!field.is_list() && !field.choices().empty());
}

/// What a field that others depend on can be set to besides what it holds.
std::vector<FieldText> alternatives(const Field& field) {
  Words values;
  if (field.is_flag()) values = {"true", "false"};
  if (!field.is_list()) values.insert(values.end(), field.choices().begin(), field.choices().end());
  for (const std::int64_t value : field.opening_values()) values.push_back(str_cat(value));
  std::erase(values, field.to_text());
  std::vector<FieldText> result;
  for (std::string& value : values) result.push_back({std::move(value)});
  return result;
}

}  // namespace

std::vector<GivenValue> strongest(std::vector<GivenValue> values) {
  std::vector<GivenValue> result;
  for (GivenValue& value : values) {
    const auto known = std::ranges::find(result, value.name, &GivenValue::name);
    if (known == result.end())
      result.push_back(std::move(value));
    else if (value.origin >= known->origin)
      *known = std::move(value);
  }
  return result;
}

std::vector<GivenValue> assign(const Declare& declare, std::vector<GivenValue> values) {
  std::vector<bool> done(values.size());
  /// The first decision that is not made yet, or all else that can be set. In the fields' order: a
  /// choice stands before those that it brings.
  const auto set_next = [&](bool decision) {
    Fields fields = collected(declare);
    bool any = false;
    for (Field& field : fields.all())
      for (std::size_t i = 0; i < values.size(); ++i) {
        if (done[i] || decides(field) != decision || field.name() != values[i].name) continue;
        field.set(values[i].place, values[i].value);
        done[i] = any = true;
        if (decision) return true;  // the fields are others now
      }
    return any;
  };
  for (bool more = true; more;) {
    while (set_next(true)) {
      // What was set may have been of the alternative that is no longer chosen.
      const Fields fields = collected(declare);
      for (std::size_t i = 0; i < values.size(); ++i)
        if (const Field* field = fields.find(values[i].name); field && !decides(*field))
          done[i] = false;
    }
    more = set_next(false);
  }
  const Fields fields = collected(declare);
  std::erase_if(values, [&](const GivenValue& value) { return fields.find(value.name); });
  return values;
}

void check_together(const Declare& declare) {
  const Fields fields = collected(declare);
  if (!fields.complaints().empty()) throw UsageError(fields.complaints().front());
}

void check_values(const Declare& declare, std::string_view what) {
  Fields fields = collected(declare);
  for (Field& field : fields.all())
    field.set(str_cat(what, ": ", field.name()), FieldText{field.to_text()});
  if (!fields.complaints().empty())
    throw UsageError(str_cat(what, ": ", fields.complaints().front()));
}

std::vector<KnownField> known_fields(const Declare& declare, const std::function<void()>& restore) {
  std::vector<KnownField> result;
  std::set<std::string> found;
  struct Place {
    Route route;
    std::set<std::string> seen;  // before its last choice
  };
  std::deque<Place> open{{}};
  for (; !open.empty(); open.pop_front()) {
    const Place& place = open.front();
    const Route& route = place.route;
    const std::set<std::string>& seen = place.seen;
    restore();
    std::vector<GivenValue> choices;
    for (const auto& [name, value] : route)
      choices.push_back({name, FieldText{value}, str_cat("--", name)});
    assign(declare, std::move(choices));
    const Fields fields = collected(declare);
    std::set<std::string> names = seen;
    for (const Field& field : fields.all()) {
      if (found.insert(field.name()).second) result.push_back({field, route});
      names.insert(field.name());
    }
    std::vector<Place> further;
    // The last ones first: of two ways the one that changes less is told.
    for (auto field = fields.all().rbegin(); field != fields.all().rend(); ++field) {
      if (seen.contains(field->name())) continue;
      for (const FieldText& value : alternatives(*field)) {
        Route longer = route;
        longer.emplace_back(field->name(), value.text);
        further.push_back({std::move(longer), names});
      }
    }
    open.insert(open.end(), further.begin(), further.end());
  }
  restore();
  return result;
}

std::map<std::string, std::string> to_values(const Declare& declare) {
  std::map<std::string, std::string> values;
  const Fields fields = collected(declare);
  for (const Field& field : fields.all())
    if (field.in_files() || field.is_derived()) values[field.name()] = field.to_text();
  return values;
}

void from_values(const Declare& declare, const std::map<std::string, std::string>& values,
                 std::int64_t format) {
  std::vector<GivenValue> given;
  for (const auto& [name, value] : values)
    given.push_back({name, FieldText{value}, str_cat("'", name, "'"), Origin::file});
  std::vector<GivenValue> unread;
  try {
    // What an older format meant may be a choice, which brings further fields: all is set anew.
    std::set<std::string> known;
    for (const auto& [name, value] : values) known.insert(name);
    for (bool more = true; more;) {
      unread = assign(declare, given);
      more = false;
      const Fields fields = collected(declare);
      for (const Field& field : fields.all()) {
        if (!known.insert(field.name()).second) continue;
        // The first of the formats to come that changed it says what it was until then.
        const auto& former = field.former_values();
        auto meant = former.end();
        for (auto old = former.begin(); old != former.end(); ++old)
          if (format < old->first && (meant == former.end() || old->first < meant->first))
            meant = old;
        if (meant == former.end()) continue;
        given.push_back(
            {field.name(), meant->second, str_cat("'", field.name(), "'"), Origin::file});
        more = true;
      }
    }
    check_together(declare);
  } catch (const UsageError& error) {
    throw CheckpointError(str_cat("the checkpoint's settings: ", error.what()));
  }
  if (format > 1 && !unread.empty())
    throw CheckpointError(str_cat("the checkpoint's settings: nothing reads '", unread.front().name,
                                  "'; it was written by another version, or changed"));
}

}  // namespace abax
