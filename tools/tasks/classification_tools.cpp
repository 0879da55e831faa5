// The classes of lines that carry none.
#include <algorithm>
#include <ostream>

#include "models/generation/line_classifier.h"
#include "tools/tasks/classes.h"
#include "tools/tasks/classification_task.h"
#include "tools/tasks/tasks.h"

namespace abax {

void fields(Fields& f, ClassPrediction& s) {
  f.group("Classes of sentences");
  source_field(f, s.source,
               "sentences, one a line, also .gz, - for standard input; for each comes its class, a "
               "tab, its probability")
      .needed();
}

void predict_classes(const AnySettings& settings, RunContext& context, std::ostream& out) {
  const ClassPrediction& s = *settings.get<ClassPrediction>();
  const KnownClasses known = known_classes(context.run.files(), "a classifier");
  Workers workers(static_cast<int>(context.threads));
  LineClassifier classifier(context.store, context.run.settings.model, known.tokenizer, workers);
  for (const std::vector<float>& probabilities : classifier.classify(lines_of_file(s.source))) {
    if (!probabilities.empty()) {
      const auto best = std::ranges::max_element(probabilities) - probabilities.begin();
      const auto at = static_cast<std::size_t>(best);
      out << known.names[at] << '\t' << exact(probabilities[at]);
    }
    out << '\n';  // a line without words has no class
  }
}

}  // namespace abax
