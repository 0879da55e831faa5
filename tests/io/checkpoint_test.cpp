// Checkpoints: round trips, stores that do not fit, damage, and death at every step of a save.
#include "core/io/checkpoint.h"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>

#include "core/base/error.h"
#include "tests/io/temporary_folder.h"

namespace abax {
namespace {

namespace fs = std::filesystem;
using doctest::Contains;

// A reference to a temporary's contents would outlive them.
template <class T>
concept can_be_asked = requires(T&& reader) {
  std::forward<T>(reader).contents();
};
static_assert(can_be_asked<const CheckpointReader&> && !can_be_asked<CheckpointReader>);

void fill_store(Variables& store, float first) {
  store.create("lstm0/weight", {{3, 5}, f32}, Role::trainable, init::uniform(-1, 1));
  store.create("lstm0/bias", {{5}, f32}, Role::trainable, init::constant(first));
  store.create("adam/step", {{}, i32}, Role::saved, init::zeros());
  store.create("mask", {{3}, u8}, Role::saved, init::zeros());
  store.create("train:lstm0/h", {{2, 0}, f32}, Role::carried, init::zeros());
  store.at("lstm0/bias").decay = false;
  store.at("lstm0/weight").frozen = true;
  store.at("adam/step").write().as<std::int32_t>()[0] = -7;
  store.at("mask").write().as<std::uint8_t>()[1] = 255;
  store.runs("train") = 18446744073709551615u;
  store.runs("valid") = 2;
}

Checkpoint example(std::int64_t step) {
  return {.model = "lstm_lm",
          .settings = {{"width", "3"}, {"name", "\"é\"\n"}},
          .values = {{"best", "1.25"}},
          .step = step,
          .data_position = 3 * step,
          .files = {{"tokenizer.jsonl", "{}\n\"a\"\n"}, {"empty", ""}}};
}

bool same(const Variables& a, const Variables& b) {
  const auto by_name = [](const Variables& store) {
    auto names = store.names();
    std::ranges::sort(names);
    return names;
  };
  if (by_name(a) != by_name(b) || a.seed() != b.seed() || a.all_runs() != b.all_runs())
    return false;
  for (int i = 0; i < a.count(); ++i) {
    const Variable& x = a[i];
    const Variable& y = b[b.find(x.name)];
    if (x.role != y.role || x.frozen != y.frozen || x.decay != y.decay ||
        x.value().type() != y.value().type() ||
        std::memcmp(x.value().data(), y.value().data(), x.value().bytes()) != 0)
      return false;
  }
  return true;
}

/// What the checkpoint at `path` says: its step, or -1 where there is none. Checks that it is
/// whole.
std::int64_t step_at(const fs::path& path) {
  if (!fs::exists(path) && !fs::exists(path.string() + ".replaced")) return -1;
  const CheckpointReader reader(path);
  Variables store;
  reader.create(store);
  CHECK(store.at("lstm0/bias").value().as<float>()[0] ==
        static_cast<float>(reader.contents().step));
  return reader.contents().step;
}

/// Saves step 2 over what is there, in a process of its own that dies before change number
/// `deadline`. True where it lived to the end.
bool save_and_die(const fs::path& path, int deadline, bool exchange, int keep) {
  const pid_t child = fork();
  if (child == 0) {
    int changes = 0;
    const auto before = [&](std::string_view) {
      if (changes++ == deadline) _exit(9);
    };
    Variables store(7);
    fill_store(store, 2);
    save_checkpoint(path, example(2), store, {exchange, before, keep});
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  REQUIRE(WIFEXITED(status));
  REQUIRE((WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 9));
  return WEXITSTATUS(status) == 0;
}

}  // namespace

TEST_CASE("checkpoint: round trip of everything") {
  const TemporaryFolder folder;
  Variables store(18446744073709551615u);
  fill_store(store, 1);
  save_checkpoint(folder / "runs/a/last/", example(100), store);  // makes the parents
  const CheckpointReader reader(folder / "runs/a/last");
  CHECK(reader.contents().model == "lstm_lm");
  CHECK(reader.contents().settings == example(100).settings);
  CHECK(reader.contents().format == 2);
  CHECK(reader.contents().configuration.empty());  // of format 1
  CHECK(reader.contents().values == example(100).values);
  CHECK(reader.contents().files == example(100).files);
  CHECK(reader.contents().step == 100);
  CHECK(reader.contents().data_position == 300);
  CHECK(reader.seed() == store.seed());
  CHECK(reader.runs() == store.all_runs());
  CHECK(!reader.version().empty());
  CHECK(reader.role_of(*reader.variables().find("mask")) == Role::saved);

  Variables created;
  reader.create(created);
  CHECK(same(created, store));
  CHECK_THROWS_WITH_AS(reader.create(created), Contains("has a variable 'lstm0/weight' already"),
                       CheckpointError);

  Variables restored(1);
  fill_store(restored, 5);
  const std::uint64_t version = restored.at("lstm0/bias").version();
  reader.restore(restored);
  CHECK(same(restored, store));
  CHECK(restored.at("lstm0/bias").version() > version);

  const Variables nothing;
  save_checkpoint(folder / "empty", {}, nothing);
  CHECK(CheckpointReader(folder / "empty").variables().entries().empty());
}

TEST_CASE("checkpoint: its hash is that of the variables") {
  const TemporaryFolder folder;
  const auto hash_of = [&](int step, int values) {
    Variables store(1);
    fill_store(store, values);
    save_checkpoint(folder / "c", example(step), store);
    return CheckpointReader(folder / "c").hash();
  };
  const std::string hash = hash_of(1, 1);
  CHECK(hash.size() == 16);
  CHECK(hash_of(2, 1) == hash);
  CHECK(hash_of(1, 2) != hash);
}

TEST_CASE("checkpoint: a store that does not fit is refused and left as it was") {
  const TemporaryFolder folder;
  Variables store(1);
  fill_store(store, 1);
  save_checkpoint(folder / "c", example(1), store);
  const CheckpointReader reader(folder / "c");

  Variables other(2);
  other.create("lstm0/wieght", {{3, 5}, f32}, Role::trainable, init::constant(9));
  other.create("lstm0/bias", {{6}, f32}, Role::trainable, init::constant(9));
  other.create("adam/step", {{}, i32}, Role::trainable, init::zeros());
  other.create("mask", {{3}, u8}, Role::saved, init::zeros());
  try {
    reader.restore(other);
    FAIL("accepted");
  } catch (const CheckpointError& error) {
    const std::string message = error.what();
    for (const char* words :
         {"no variable 'lstm0/weight'; did you mean 'lstm0/wieght'?",
          "'lstm0/bias': the model has f32[6], the checkpoint f32[5]",
          "'adam/step' has another role",
          "the checkpoint has no variable 'lstm0/wieght'; did you mean 'lstm0/weight'?"}) {
      CAPTURE(words);
      CHECK(message.find(words) != message.npos);
    }
  }
  CHECK(other.at("lstm0/bias").value().as<float>()[0] == 9);
  CHECK(other.at("mask").value().as<std::uint8_t>()[1] == 0);
  CHECK(other.at("mask").version() == 0);
  CHECK(other.seed() == 2);
}

TEST_CASE("checkpoint: carried state of plans that only checkpoint or store know") {
  const TemporaryFolder folder;
  Variables store(1), other(2);
  for (Variables* each : {&store, &other})
    each->create("w", {{2}, f32}, Role::trainable, init::constant(each == &store ? 1 : 9));
  store.create("generate:h", {{1, 4}, f32}, Role::carried, init::constant(3));
  store.create("train:h", {{8, 4}, f32}, Role::carried, init::constant(3));
  save_checkpoint(folder / "c", example(1), store);
  other.create("train:h", {{8, 4}, f32}, Role::carried, init::zeros());
  other.create("evaluate:h", {{2, 4}, f32}, Role::carried, init::constant(5));
  CheckpointReader(folder / "c").restore(other);
  CHECK(other.at("w").value().as<float>()[1] == 1);
  CHECK(other.at("train:h").value().as<float>()[31] == 3);
  CHECK(other.at("evaluate:h").value().as<float>()[7] == 0);
  CHECK(other.find("generate:h") == -1);
}

TEST_CASE("checkpoint: parameters alone, from a checkpoint or any safetensors file") {
  const TemporaryFolder folder;
  Variables store(1);
  fill_store(store, 1);
  save_checkpoint(folder / "c", example(1), store);
  Variables other(2);
  other.create("lstm0/bias", {{5}, f32}, Role::trainable, init::zeros());
  other.create("lstm0/weight", {{3, 5}, f32}, Role::trainable, init::zeros());
  other.create("sgd/moment", {{3, 5}, f32}, Role::saved, init::constant(4));
  load_parameters(folder / "c", other);
  CHECK(other.at("lstm0/bias").value().as<float>()[4] == 1);
  Variables inference;  // restore() says how parameters alone are loaded
  inference.create("lstm0/bias", {{5}, f32}, Role::trainable, init::zeros());
  inference.create("lstm0/weight", {{3, 5}, f32}, Role::trainable, init::zeros());
  const CheckpointReader checkpoint(folder / "c");
  CHECK_THROWS_WITH_AS(checkpoint.restore(inference), Contains("load_parameters() loads"),
                       CheckpointError);
  load_parameters(checkpoint.variables(), inference);
  CHECK(inference.at("lstm0/bias").value().as<float>()[4] == 1);
  CHECK(other.at("sgd/moment").value().as<float>()[0] == 4);
  CHECK(other.seed() == 2);
  CHECK(other.all_runs().empty());

  const Tensor w({3, 5}), b = Tensor::of<float>({5}, {1, 2, 3, 4, 5});
  write_safetensors(folder / "f",
                    {{{"lstm0/weight", w.view()}, {"lstm0/bias", b.view()}}, {{"format", "pt"}}});
  load_parameters(folder / "f", other);
  CHECK(other.at("lstm0/bias").value().as<float>()[4] == 5);
  write_safetensors(folder / "f", {{{"lstm0/bias", b.view()}}, {}});
  CHECK_THROWS_WITH_AS(load_parameters(folder / "f", other),
                       Contains("the checkpoint has no variable 'lstm0/weight'"), CheckpointError);
  CHECK_THROWS_AS(load_parameters(folder / "none", other), CheckpointError);
}

TEST_CASE("checkpoint: damage is found") {
  const TemporaryFolder folder;
  const fs::path path = folder / "c";
  Variables store(1);
  fill_store(store, 1);
  const auto damaged = [&](const std::string& name, const auto& change) {
    save_checkpoint(path, example(1), store);
    std::string contents = read_file(path / name);
    change(contents);
    write_plainly(path / name, contents);
    return [&] { CheckpointReader reader(path); };
  };
  const auto flip_last = [](std::string& contents) { contents.back() ^= 1; };
  const auto shorten = [](std::string& contents) { contents.pop_back(); };
  CHECK_THROWS_WITH_AS(damaged("variables.safetensors", flip_last)(),
                       Contains("variables.safetensors is damaged"), CheckpointError);
  CHECK_THROWS_WITH_AS(damaged("variables.safetensors", shorten)(), Contains("bytes, expected"),
                       CheckpointError);
  CHECK_THROWS_WITH_AS(damaged("tokenizer.jsonl", flip_last)(),
                       Contains("tokenizer.jsonl is damaged"), CheckpointError);
  CHECK_THROWS_WITH_AS(
      damaged("checkpoint.json",
              [](std::string& c) { c.replace(c.find("\"step\": 1"), 9, "\"step\": 2"); })(),
      Contains("damaged or edited"), CheckpointError);
  CHECK_THROWS_AS(damaged("checkpoint.json", [](std::string& c) { c.clear(); })(), CheckpointError);
  // Every flipped byte of the description: refused, or of no consequence (white space).
  save_checkpoint(path, example(1), store);
  const std::string description = read_file(path / "checkpoint.json");
  for (std::size_t i = 0; i < description.size(); ++i) {
    std::string changed = description;
    changed[i] ^= 4;
    write_plainly(path / "checkpoint.json", changed);
    CHECK_THROWS_AS(CheckpointReader{path}, CheckpointError);
  }
  fs::remove(path / "checkpoint.json");
  CHECK_THROWS_WITH_AS(CheckpointReader{path}, Contains("no checkpoint"), CheckpointError);
  CHECK_THROWS_WITH_AS(CheckpointReader{folder / "none"}, Contains("no such folder"),
                       CheckpointError);
  fs::remove_all(path);
  save_checkpoint(path, example(1), store);
  fs::remove(path / "variables.safetensors");
  CHECK_THROWS_WITH_AS(CheckpointReader{path}, Contains("No such file"), CheckpointError);
}

TEST_CASE("checkpoint: what is no checkpoint is not replaced, odd file names are refused") {
  const TemporaryFolder folder;
  const Variables store;
  fs::create_directory(folder / "mine");
  write_plainly(folder / "mine/notes", "keep");
  CHECK_THROWS_WITH_AS(save_checkpoint(folder / "mine", {}, store), Contains("is no checkpoint"),
                       UsageError);
  CHECK(read_file(folder / "mine/notes") == "keep");
  for (const char* name :
       {"", ".", "..", "a/b", "../a", "checkpoint.json", "variables.safetensors"}) {
    CAPTURE(name);
    CHECK_THROWS_AS(save_checkpoint(folder / "c", {.files = {{name, "x"}}}, store), UsageError);
  }
  CHECK_THROWS_AS(save_checkpoint(folder / "mine/notes/c", {}, store), DiskError);
}

TEST_CASE("checkpoint: a process that dies at any moment of a save leaves the old or the new one") {
  for (const bool exchange : {true, false})
    for (const bool existing : {true, false}) {
      CAPTURE(exchange);
      CAPTURE(existing);
      bool finished = false;
      std::vector<std::int64_t> found;
      for (int deadline = 0; !finished; ++deadline) {
        REQUIRE(deadline < 50);
        const TemporaryFolder folder;
        Variables store(1);
        fill_store(store, 1);
        if (existing) save_checkpoint(folder / "c", example(1), store);
        const int keep = existing ? 2 : 0;
        finished = save_and_die(folder / "c", deadline, exchange, keep);
        found.push_back(step_at(folder / "c"));
        // The next save works and leaves nothing else behind.
        Variables third(1);
        fill_store(third, 3);
        save_checkpoint(folder / "c", example(3), third, {exchange, {}});
        CHECK(step_at(folder / "c") == 3);
        // Besides, the one before where the death came after the new one was in place.
        for (const std::string& name : folder.names())
          CHECK((name == "c" || (existing && name == "c.1" && step_at(folder / name) == 1)));
      }
      // The old one (or none) up to some moment, the new one from then on.
      CHECK(found.front() == (existing ? 1 : -1));
      CHECK(found.back() == 2);
      for (std::size_t i = 1; i < found.size(); ++i)
        CHECK((found[i] == found[i - 1] || found[i] == 2));
      CHECK(found.size() >= 10);
    }
}

TEST_CASE("checkpoint: the last few that were replaced stay") {
  for (const bool exchange : {true, false}) {
    const TemporaryFolder folder;
    const fs::path path = folder / "c";
    for (int step = 1; step <= 5; ++step) {
      Variables store(1);
      fill_store(store, static_cast<float>(step));
      save_checkpoint(path, example(step), store, {.exchange = exchange, .keep = 2});
    }
    CHECK(folder.names() == std::vector<std::string>{"c", "c.1", "c.2"});
    CHECK(step_at(path) == 5);
    CHECK(step_at(older_checkpoint(path, 1)) == 4);
    CHECK(step_at(older_checkpoint(path, 2)) == 3);
  }
}

TEST_CASE("checkpoint: a copy is whole, and stays when its original is replaced") {
  const TemporaryFolder folder;
  for (int step = 1; step <= 2; ++step) {
    Variables store(1);
    fill_store(store, static_cast<float>(step));
    save_checkpoint(folder / "c", example(step), store);
    if (step == 1) copy_checkpoint(folder / "c", folder / "copy");
  }
  CHECK(step_at(folder / "c") == 2);
  CHECK(step_at(folder / "copy") == 1);
  copy_checkpoint(folder / "c", folder / "copy", {.keep = 1});
  CHECK(step_at(folder / "copy") == 2);
  CHECK(step_at(folder / "copy.1") == 1);
  CHECK(folder.names() == std::vector<std::string>{"c", "copy", "copy.1"});
  CHECK_THROWS_AS(copy_checkpoint(folder / "none", folder / "copy"), DiskError);
  CHECK(step_at(folder / "copy") == 2);
}

TEST_CASE("checkpoint: its step is told by the description alone") {
  const TemporaryFolder folder;
  Variables store(1);
  fill_store(store, 1);
  save_checkpoint(folder / "c", example(7), store);
  CHECK(checkpoint_step(folder / "c") == 7);
  fs::remove(folder / "c/variables.safetensors");
  CHECK(checkpoint_step(folder / "c") == 7);
  write_plainly(folder / "c/checkpoint.json", "{}");
  CHECK_FALSE(checkpoint_step(folder / "c").has_value());
  CHECK_FALSE(checkpoint_step(folder / "none").has_value());
}

TEST_CASE("checkpoint: a failing save cleans up and keeps the old one") {
  const TemporaryFolder folder;
  Variables store(1);
  fill_store(store, 1);
  save_checkpoint(folder / "c", example(1), store);
  for (const char* failing : {"write the variables", "write a file", "put it in place"}) {
    const auto before = [&](std::string_view step) {
      if (step == failing) throw DiskError("full");
    };
    CHECK_THROWS_AS(save_checkpoint(folder / "c", example(2), store, {true, before}), DiskError);
    CHECK(step_at(folder / "c") == 1);
    CHECK(folder.names() == std::vector<std::string>{"c"});
  }
}

TEST_CASE("checkpoint: a disk that takes no more is reported with path and reason") {
  const TemporaryFolder folder;
  Variables store(1);
  fill_store(store, 1);
  save_checkpoint(folder / "c", example(1), store);
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);  // writes beyond the limit fail with EFBIG then
    const rlimit limit{4096, 4096};
    setrlimit(RLIMIT_FSIZE, &limit);
    store.create("large", {{4096}, f32}, Role::trainable, init::zeros());
    try {
      save_checkpoint(folder / "c", example(2), store);
    } catch (const DiskError& error) {
      const std::string message = error.what();
      _exit(message.find("variables.safetensors': File too large") != message.npos ? 0 : 1);
    }
    _exit(2);
  }
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(step_at(folder / "c") == 1);
  CHECK(folder.names() == std::vector<std::string>{"c"});
}

}  // namespace abax
