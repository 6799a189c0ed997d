// The page for people inside a bundle, as it is written now.
#include "tests/synthetic/stage.hpp"

using namespace unavoce;
using namespace unavoce::consent;
using namespace unavoce::testing;

TEST_CASE(
    "the page tells who answered what, the takes, what was erased, why a file is missing, and when retention ends") {
  Stage stage;
  approve_all(*stage.meeting);
  Person& leaver = stage->people.back();
  one_take(*stage.meeting);
  stage->seal_recording();
  stage->withdraw(leaver);
  const std::string gone = "t001-" + leaver.approval->hex().substr(0, 16) + "-f001.webm.age";
  stage->erase_person(leaver);
  const std::string page = format_page(stage->contents());
  CAPTURE(page);
  for (const char* expected : {"<td>P1</td>", "<td>P2</td>", "stimmt zu", "approves", "widerruft", "withdraws", "sound",
                               "service and host", "key of</span> P2", "retention ends"}) {
    CAPTURE(expected);
    CHECK(page.find(expected) != std::string::npos);
  }
  // Whose id is the smaller one comes first in a take.
  CHECK((page.find("<td>P1, P2</td>") != std::string::npos || page.find("<td>P2, P1</td>") != std::string::npos));
  const auto row = page.find("<tr><td><code>" + gone + "</code></td><td>P2</td><td>");
  REQUIRE(row != std::string::npos);
  CHECK(page.substr(row, page.find("</tr>", row) - row).find("erased") != std::string::npos);
}

TEST_CASE("the page says why something was erased, in words of its own for each reason") {
  const auto [reason, words] = GENERATE(table<ErasedReason, std::string>({
      {ErasedReason::withdrawal, "withdrawal"},
      {ErasedReason::retention, "end of retention"},
      {ErasedReason::room_deleted, "room deleted"},
      {ErasedReason::recording_deleted, "recording deleted"},
  }));
  CAPTURE(words);
  Stage stage;
  approve_all(*stage.meeting);
  stage->erased({"recording"}, [why = reason](Erased& body) { body.reason = why; });
  const std::string row = "<code>recording</code></td><td>";
  const std::string page = format_page(stage->contents());
  const auto begin = page.find(row);
  REQUIRE(begin != std::string::npos);
  CHECK(page.substr(begin, page.find("</tr>", begin) - begin).find(">" + words + "</span>") != std::string::npos);
}

TEST_CASE("of two statements about the same thing the page goes by the first") {
  Stage stage;
  approve_all(*stage.meeting);
  one_take(*stage.meeting);
  stage->seal_take([](Seal& body) { body.reason = EndReason::fault; });
  const std::string gone = stage->tracks.begin()->first;
  stage->tracks.erase(stage->tracks.begin());
  stage->erased({gone}, [](Erased& body) { body.reason = ErasedReason::withdrawal; });
  stage->erased({gone}, [](Erased& body) { body.reason = ErasedReason::retention; });
  const std::string page = format_page(stage->contents());
  CHECK(page.find("a fault") == std::string::npos);
  const auto begin = page.rfind("<code>" + gone + "</code>");  // among the files
  REQUIRE(begin != std::string::npos);
  const std::string row = page.substr(begin, page.find("</tr>", begin) - begin);
  CHECK(row.find(">withdrawal</span>") != std::string::npos);
  CHECK(row.find("retention") == std::string::npos);
}

TEST_CASE("a file that is missing in silence is called so on the page") {
  Stage stage;
  approve_all(*stage.meeting);
  one_take(*stage.meeting);
  stage->seal_recording();
  stage->tracks.erase(stage->tracks.begin());
  CHECK(format_page(stage->contents()).find("missing, and no statement says why") != std::string::npos);
}

TEST_CASE("the page shows hostile text as text, and loads nothing") {
  Stage stage;
  stage->complete();
  const std::string page = format_page(stage->contents());
  CHECK(page.find("<script>") == std::string::npos);
  CHECK(page.find("Minutes &amp; &lt;script&gt;") != std::string::npos);
  CHECK(page.find("A room &lt;i&gt;for&lt;/i&gt; tests") != std::string::npos);
  CHECK(page.find("http") == page.find("http-equiv"));
}

TEST_CASE("the page of a bundle of before is taken as well; a changed one is not") {
  Stage stage;
  stage->complete();
  const fs::path bag = stage.bag();
  const std::string before = format_summary(stage->contents());
  put_text(bag / "data/summary.html", before);
  make_manifests_fit(bag);
  CHECK(verify(bag).passed());
  put_text(bag / "data/summary.html", before + " ");
  make_manifests_fit(bag);
  CHECK(found(verify(bag), "bag", "data/summary.html"));
}

TEST_CASE("the fixed text of the page stays") {
  BundleContents contents;
  contents.recording = std::string(32, 'a');
  contents.tracks = {{"t002.webm.age", 2}, {"t001.webm.age", 1}};
  CHECK(crypto::to_hex(crypto::sha256(crypto::as_bytes(format_page(contents)))) ==
        "fd4877f2d2e5260980917ee50b7c9206c9c92af739f2063ece16c0266a1cba03");
}
