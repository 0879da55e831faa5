// Images through whole runs in small: resumed bit for bit, drawn, evaluated from the checkpoint.
#include "tools/tasks/image_task.h"

#include <doctest/doctest.h>

#include <cmath>

#include "core/base/error.h"
#include "core/io/file.h"
#include "models/training/learner.h"
#include "tests/io/temporary_folder.h"
#include "tests/tools/short_runs.h"
#include "tools/saved_run.h"

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

TrainOptions small(const TemporaryFolder& folder, const std::string& name) {
  TrainOptions o = short_run(folder / name, 14);
  o.model = "gaussian_vae";
  o.data = {write(folder / "images", striped(50))};
  o.split = {60, 20, 20};
  o.hidden = {12};
  o.latents = 3;
  o.batch = 7;
  return o;
}

Json last_line(const std::string& metrics) {
  const std::size_t end = metrics.find_last_not_of('\n');
  return parse_json(metrics.substr(metrics.rfind('\n', end) + 1, end - metrics.rfind('\n', end)));
}

}  // namespace

TEST_CASE("image task: a run resumes in mid-pass, bit for bit, and pictures do not disturb it") {
  const TemporaryFolder folder;
  TrainOptions o = small(folder, "whole");
  o.binarise = "dynamic";
  train(o);
  o.out = (folder / "parts").string();
  o.steps = 9;
  o.pictures_every = 4;
  train(o);
  resume(o.out, 14, /*threads=*/3);
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
  TrainOptions o = small(folder, "run");
  const auto task = make_task(o);
  const ModelConfig sizes = task->sizes();
  CHECK(sizes.image_height == 6);
  CHECK(sizes.image_width == 5);
  CHECK(sizes.image_channels == 1);
  CHECK(task->unit() == "image");
  CHECK(task->loss_unit() == "nats an image");
  double counted[3] = {};
  for (const Part part : {Part::train, Part::valid, Part::test})
    for (std::int64_t i = 0; i < task->source(part)->batches(); ++i)
      counted[static_cast<int>(part)] += static_cast<double>(task->source(part)->make(i).counted);
  CHECK(counted[0] == 30);
  CHECK(counted[1] == 10);
  CHECK(counted[2] == 10);
  CHECK(sizes.pixel_variance > 0.08f);
  CHECK(sizes.pixel_variance < 0.12f);

  // A checkpoint's files take the place of the training images, whatever is read.
  const Files files = task->files();
  TrainOptions other = o;
  other.test = {write(folder / "one", striped(1))};
  const auto evaluation = make_task(other, &files, Use::evaluate);
  CHECK(evaluation->sizes().pixel_variance == sizes.pixel_variance);
  CHECK(evaluation->source(Part::train) == nullptr);
  other.test = {write(folder / "colour", striped(4, 3))};
  CHECK_THROWS_WITH_AS(make_task(other, &files, Use::evaluate), Contains("6 x 5 x 3"), DataError);
  CHECK_THROWS_WITH_AS(make_task(other), Contains("6 x 5 x 1"), DataError);
  const Files none;
  CHECK_THROWS_AS(make_task(o, &none, Use::evaluate), CheckpointError);
  o.data.clear();
  o.corpus = "fables";
  CHECK_THROWS_WITH_AS(make_task(o), Contains("glyphs"), UsageError);
  o.corpus = "glyphs";
  CHECK(make_task(o)->sizes().image_height == 28);
  CHECK(make_task(o)->description().find("10 classes") != std::string::npos);
}

TEST_CASE("image task: binarised pixels are 0 or 1, static ones the same in each pass and run") {
  const TemporaryFolder folder;
  TrainOptions o = small(folder, "run");
  o.split = {100, 0, 0};
  const auto first_rows = [&](const char* binarise, std::int64_t position, std::int64_t seed) {
    o.binarise = binarise;
    o.seed = seed;
    const auto task = make_task(o);
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
  const auto once = first_rows("static", 0, 1);
  REQUIRE(once.size() == 50);
  CHECK(first_rows("static", 8, 1) == once);  // the next pass
  CHECK(first_rows("static", 0, 2) == once);  // the data's, not the run's
  CHECK(first_rows("dynamic", 0, 1).size() == 50);
  CHECK(first_rows("dynamic", 8, 1) != first_rows("dynamic", 0, 1));
  CHECK(first_rows("none", 0, 1).empty());
}

TEST_CASE("image task: what the run reports, its metrics file holds and the checkpoint gives") {
  const TemporaryFolder folder;
  TrainOptions o = small(folder, "run");
  o.kl_warmup = 5;
  o.quiet = false;
  const std::string out = train(o);
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

  const SavedRun run = open_run(o.out, Which::best);
  Variables store;
  create_for_use(run, store);
  Workers workers(1);
  const auto task = open_test(run, {});
  const Results bound = task->score(Part::test, store, workers, {.samples = 1});
  const Results better = task->score(Part::test, store, workers, {.samples = 50});
  CHECK(bound.at("iwae_1") == Approx(tested.at("test_elbo").number()).epsilon(0.05));
  CHECK(better.at("iwae_50") > bound.at("iwae_1"));
  const Results scores = task->score(Part::test, store, workers, {});
  REQUIRE(scores.size() == 1);
  const double information = scores.at("mutual_information");
  CHECK(information == tested.at("test_mutual_information").number());
  CHECK(std::abs(information) < std::log(10) + 1e-9);  // ten images
  CHECK(task->score(Part::test, store, workers, {.wanted = "loss"}).empty());
  CHECK(task->score(Part::test, store, workers, {.wanted = "mutual_information"}) == scores);

  LearnerConfig config{.model = run.options.model, .sizes = task->sizes()};
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
