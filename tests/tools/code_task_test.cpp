// Codes of autoencoders as data of a prior: sampled ones are the same wherever they are drawn
// again.
#include "tools/tasks/code_task.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "models/data/images/images.h"
#include "tests/io/temporary_folder.h"
#include "tests/tools/short_runs.h"
#include "tools/saved_run.h"
#include "tools/tasks/tasks.h"

namespace abax {
namespace {

using doctest::Contains;

constexpr Part parts[] = {Part::train, Part::valid, Part::test};

std::string noise(const std::filesystem::path& path, int count) {
  data::Images images{.height = 4, .width = 4, .channels = 1};
  Random random(stream_key(1, "test", path.filename().string()));
  for (int i = 0; i < count * 16; ++i)
    images.pixels.push_back(static_cast<std::uint8_t>(random.below(256)));
  data::write_idx(path, images);
  return path.string();
}

/// A short run on small images, with files of their own for the test.
TrainCall small(const TemporaryFolder& folder, const std::string& model) {
  const std::string latents = model == "gaussian_vae"      ? " --latents 4"
                              : model == "categorical_vae" ? " --latents 4 --categories 3"
                                                           : " --codes 5 --code-width 4";
  return with(short_run(folder / model, 6,
                        "--model " + model + latents + " --hidden 12 --split 70,30,0 --batch 8"),
              {{"data", noise(folder / "images", 40)}, {"test", noise(folder / "others", 15)}});
}

TrainCall prior_of(const TrainCall& autoencoder) {
  const std::string codes_of = folder_of(autoencoder);
  return with(short_run(codes_of + "-prior", 14,
                        "--model code_prior --width 8 --heads 2 --batch 8 --sampled-codes"),
              {{"codes-of", codes_of}});
}

/// The codes of a part, one pass in the order of its images.
std::vector<std::int32_t> codes(const Task& task, Part part) {
  const LineBatches lines = task.lines(part);
  std::vector<std::int32_t> result;
  for (std::int64_t i = 0; i < lines.batches->batches(); ++i) {
    const data::Batch batch = lines.batches->make(i);
    const auto targets = batch.input("targets").as<std::int32_t>();  // [positions, 1]
    result.insert(result.end(), targets.begin(), targets.end());
  }
  return result;
}

}  // namespace

TEST_CASE("code task: sampled codes follow seed and part, whatever else is there") {
  const TemporaryFolder folder;
  const TrainCall autoencoder = small(folder, "categorical_vae");
  train(autoencoder);
  const TrainCall o = prior_of(autoencoder);
  const auto open = [&](const std::vector<std::pair<std::string, std::string>>& changes) {
    return make_task(with(o, changes).settings);
  };
  const auto task = make_task(o.settings);
  CHECK(task->description().starts_with("sampled codes of"));
  const auto again = open({{"threads", "3"}}), reseeded = open({{"seed", "2"}}),
             plain = open({{"sampled-codes", "false"}});
  CHECK(plain->description().starts_with("codes of"));
  const std::size_t count[] = {28 * 4, 12 * 4, 15 * 4};
  for (const Part part : parts) {
    const auto drawn = codes(*task, part);
    CHECK(drawn.size() == count[static_cast<std::size_t>(part)]);
    CHECK(codes(*again, part) == drawn);
    CHECK(codes(*reseeded, part) != drawn);
    CHECK(codes(*plain, part) != drawn);
    // In a run each pass has the same ones, and each part those of lines().
    double sums[2] = {};
    const data::BatchSource& source = *task->source(part);
    for (std::int64_t i = 0; i < 2 * source.batches(); ++i) {
      const data::Batch batch = source.make(i);
      for (const std::int32_t code : batch.input("targets").as<std::int32_t>())
        if (code >= 0) sums[i / source.batches()] += code;
    }
    double sum = 0;
    for (const std::int32_t code : drawn) sum += code;
    CHECK(sums[0] == sum);
    CHECK(sums[1] == sum);
  }
  // Noise of the parts is not the same: an image in both has other codes there.
  const std::string others = value_of(autoencoder.settings, "test");
  const auto equal_images = open({{"data", others}, {"valid", others}, {"test", others}});
  CHECK(codes(*equal_images, Part::valid) != codes(*equal_images, Part::test));

  // An evaluation has the test part alone.
  const Files files = task->files();
  const auto evaluation = make_task(o.settings, &files, Use::evaluate);
  CHECK(evaluation->source(Part::train) == nullptr);
  CHECK(codes(*evaluation, Part::test) == codes(*task, Part::test));

  train(o);
  const auto halves = folder / "halves";
  train(with(o, {{"out", halves}, {"steps", "9"}}));
  CHECK(value_of(open_run(halves).settings, "sampled-codes") == "true");
  resume(halves, 14, /*threads=*/3);
  CHECK(equal_parameters(folder_of(o), halves));
}

TEST_CASE("code task: codes without chance and real numbers are not sampled") {
  const TemporaryFolder folder;
  for (const char* model : {"vqvae", "two_level_vqvae", "gaussian_vae"}) {
    const TrainCall autoencoder = small(folder, model);
    train(autoencoder);
    const bool real = autoencoder.settings.model.name() == "gaussian_vae";
    const TrainCall o = prior_of(autoencoder);
    CHECK_THROWS_WITH_AS(make_task(o.settings),
                         Contains(real ? "real numbers" : "no posterior distribution"), UsageError);
  }
}

}  // namespace abax
