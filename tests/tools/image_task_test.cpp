// Images through whole runs in small: resumed bit for bit, drawn, evaluated from the checkpoint.
#include "tools/tasks/image_task.h"

#include <doctest/doctest.h>

#include <cmath>
#include <iostream>

#include "core/base/error.h"
#include "core/io/file.h"
#include "models/gaussian_vae.h"
#include "models/training/learner.h"
#include "tests/io/temporary_folder.h"
#include "tests/tools/short_runs.h"
#include "tools/saved_run.h"
#include "tools/tasks/tasks.h"

namespace abax {
namespace {

using doctest::Approx;
using doctest::Contains;

/// Images [count, 6, 5, channels] with bright stripes, labels 0 to 2.
data::Images striped(int count, std::int64_t channels = 1) {
  data::Images images{.height = 6, .width = 5, .channels = channels};
  Random random(stream_key(1, "test", "stripes"));
  for (int i = 0; i < count; ++i) {
    const std::int64_t row = random.below(6);
    for (std::int64_t pixel = 0; pixel < 30 * channels; ++pixel)
      images.pixels.push_back(
          static_cast<std::uint8_t>(pixel / (5 * channels) == row ? 240 : random.below(60)));
    images.labels.push_back(i % 3);
  }
  return images;
}

std::string write(const std::filesystem::path& path, const data::Images& images) {
  data::write_idx(path, images);
  return path.string();
}

TrainCall small(const TemporaryFolder& folder, const std::string& name,
                const std::string& options = "") {
  return with(short_run(folder / name, 14,
                        "--model gaussian_vae --hidden 12 --latents 3 --batch 7 " + options),
              {{"data", write(folder / "images", striped(50))}, {"split", "60,20,20"}});
}

/// What the model knows of the images.
const ImageModality& modality(const Task& task) { return task.model().as<GaussianVae>().image; }

Json last_line(const std::string& metrics) {
  const std::size_t end = metrics.find_last_not_of('\n');
  return parse_json(metrics.substr(metrics.rfind('\n', end) + 1, end - metrics.rfind('\n', end)));
}

}  // namespace

TEST_CASE("image task: a run resumes in mid-pass, bit for bit, and pictures do not disturb it") {
  const TemporaryFolder folder;
  const TrainCall o = small(folder, "whole", "--binarise dynamic");
  train(o);
  train(with(o, {{"out", folder / "parts"}, {"steps", "9"}, {"pictures-every", "4"}}));
  resume(folder / "parts", 14, /*threads=*/3);
  CHECK(equal_parameters(folder / "whole", folder / "parts"));
  for (const char* name : {"samples", "samples-4", "samples-8", "samples-12", "reconstructions",
                           "reconstructions-4"}) {
    const auto path = folder / "parts" / (std::string(name) + ".png");
    CAPTURE(path.string());
    CHECK(data::read_images({path.string()}).size() == 1);
  }
  CHECK_FALSE(std::filesystem::exists(folder / "whole" / "samples-4.png"));
}

TEST_CASE("image task: parts, sizes and what follows from the training images") {
  const TemporaryFolder folder;
  const TrainCall o = small(folder, "run");
  const auto task = make_task(o.settings);
  const ImageSize size = modality(*task).network.size;
  CHECK(size.height == 6);
  CHECK(size.width == 5);
  CHECK(size.channels == 1);
  CHECK(task->unit() == "image");
  CHECK(task->loss_unit() == "nats an image");
  double counted[3] = {};
  for (const Part part : {Part::train, Part::valid, Part::test})
    for (std::int64_t i = 0; i < task->source(part)->batches(); ++i)
      counted[static_cast<int>(part)] += static_cast<double>(task->source(part)->make(i).counted);
  CHECK(counted[0] == 30);
  CHECK(counted[1] == 10);
  CHECK(counted[2] == 10);
  const float variance = modality(*task).pixels.variance;
  CHECK(variance > 0.08f);
  CHECK(variance < 0.12f);

  // A checkpoint's files take the place of the training images, whatever is read.
  const Files files = task->files();
  const TrainCall other = with(o, {{"test", write(folder / "one", striped(1))}});
  const auto evaluation = make_task(other.settings, &files, Use::evaluate);
  CHECK(modality(*evaluation).pixels.variance == variance);
  CHECK(evaluation->source(Part::train) == nullptr);
  const RunSettings colour = with(o, {{"test", write(folder / "colour", striped(4, 3))}}).settings;
  CHECK_THROWS_WITH_AS(make_task(colour, &files, Use::evaluate), Contains("6 x 5 x 3"), DataError);
  CHECK_THROWS_WITH_AS(make_task(colour), Contains("6 x 5 x 1"), DataError);
  const Files none;
  CHECK_THROWS_AS(make_task(o.settings, &none, Use::evaluate), CheckpointError);
  CHECK_THROWS_WITH_AS(with(o, {{"corpus", "fables"}}), Contains("glyphs"), UsageError);
  const auto glyphs = make_task(with(o, {{"data", ""}, {"corpus", "glyphs"}}).settings);
  CHECK(modality(*glyphs).network.size.height == 28);
  CHECK(glyphs->description().find("10 classes") != std::string::npos);
}

TEST_CASE("image task: binarised pixels are 0 or 1, static ones the same in each pass and run") {
  const TemporaryFolder folder;
  const TrainCall o = with(small(folder, "run"), {{"split", "100,0,0"}});
  const auto first_rows = [&](const char* binarise, std::int64_t position, const char* seed) {
    const auto task = make_task(with(o, {{"binarise", binarise}, {"seed", seed}}).settings);
    std::vector<float> sums;
    for (std::int64_t i = 0; i < task->source(Part::train)->batches(); ++i) {
      const data::Batch batch = task->source(Part::train)->make(position + i);
      for (const float pixel : batch.input("images").as<float>())
        if (pixel != 0 && pixel != 1) return std::vector<float>{};
      const auto pixels = batch.input("images").as<float>();
      for (std::int64_t row = 0; row < batch.counted; ++row) {
        float code = 0;  // of the row's pixels: tells images apart
        for (int k = 0; k < 30; ++k)
          code = code * 1.37f + pixels[static_cast<std::size_t>(row * 30 + k)];
        sums.push_back(code);
      }
    }
    std::ranges::sort(sums);
    return sums;
  };
  const auto once = first_rows("static", 0, "1");
  REQUIRE(once.size() == 50);
  CHECK(first_rows("static", 8, "1") == once);  // the next pass
  CHECK(first_rows("static", 0, "2") == once);  // the data's, not the run's
  CHECK(first_rows("dynamic", 0, "1").size() == 50);
  CHECK(first_rows("dynamic", 8, "1") != first_rows("dynamic", 0, "1"));
  CHECK(first_rows("none", 0, "1").empty());
}

TEST_CASE("image task: what the run reports, its metrics file holds and the checkpoint gives") {
  const TemporaryFolder folder;
  const std::string out = train(small(folder, "run", "--kl-warmup 5 --no-quiet"));
  CHECK(out.find("nats an image") != std::string::npos);
  CHECK(out.find("perplexity") == std::string::npos);
  CHECK(out.find("active_units") != std::string::npos);
  // Where the loss is the ELBO's negative, people read that alone; the file has both.
  CHECK(out.find("step 3/14  loss ") != std::string::npos);
  const std::size_t end = out.find("step 14/14  elbo -");
  REQUIRE(end != std::string::npos);
  CHECK(out.find("loss", end) == std::string::npos);
  CHECK(out.find("test       elbo -", end) != std::string::npos);
  const std::string metrics = read_file(folder / "run" / "metrics.jsonl");
  CHECK(metrics.find("\"kl_weight\":0.2") != std::string::npos);
  // A schedule that the model does not follow is none of its metrics.
  CHECK(metrics.find("temperature", metrics.find("\"step\":1,")) == std::string::npos);
  const Json tested = last_line(metrics);
  CHECK(tested.find("test_perplexity") == nullptr);
  CHECK(tested.at("test_loss").number() == Approx(-tested.at("test_elbo").number()));
  CHECK(tested.at("test_loss").number() ==
        Approx(tested.at("test_kl").number() + tested.at("test_reconstruction").number()));

  const SavedRun run = open_run(folder / "run", Which::best);
  Variables store;
  create_for_use(run, store);
  Workers workers(1);
  const auto task = open_test(run, {}, std::cerr);
  const Results bound = task->score(Part::test, store, workers, {.samples = 1});
  const Results better = task->score(Part::test, store, workers, {.samples = 50});
  CHECK(bound.at("iwae") == Approx(tested.at("test_elbo").number()).epsilon(0.05));
  CHECK(better.at("iwae") > bound.at("iwae"));
  const Results scores = task->score(Part::test, store, workers, {});
  REQUIRE(scores.size() == 2);
  CHECK(scores.contains("aggregate_entropy"));
  const double information = scores.at("mutual_information");
  CHECK(information == tested.at("test_mutual_information").number());
  CHECK(std::abs(information) < std::log(10) + 1e-9);  // ten images
  CHECK(task->score(Part::test, store, workers, {.wanted = "loss"}).empty());
  CHECK(task->score(Part::test, store, workers, {.wanted = "mutual_information"}) == scores);

  LearnerConfig config;
  config.model = task->model();
  config.check_shapes = task->source(Part::test)->shapes();
  Learner learner(store, config, workers);
  const Evaluation evaluation = learner.evaluate(*task->source(Part::test));
  CHECK(task->results(evaluation).at("kl") == Approx(tested.at("test_kl").number()));
  const Json::Object details = task->details(evaluation);
  double kl = 0;
  for (const Json& latent : details.at(0).second.array()) kl += latent.number();
  CHECK(details.at(0).second.array().size() == 3);
  CHECK(kl == Approx(tested.at("test_kl").number()).epsilon(1e-4));
}

}  // namespace abax
