#include "crypto/note.hpp"

#include <string>
#include <vector>

#include "tests/crypto/must.hpp"

using namespace unavoce::crypto;

namespace {

// The example of golang.org/x/mod/sumdb/note, which is also that of c2sp.org/signed-note.
const std::string peter_vkey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const std::string peter_secret = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const std::string text =
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const std::string peter_line =
    "\u2014 PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

NoteSigner peter() {
  const auto typed_seed = must(from_base64(peter_secret));
  return must(NoteSigner::create("PeterNeumann", must(SigningKey::from_seed(ByteView(typed_seed).subspan(1)))));
}

std::vector<NoteVerifier> verifiers(std::initializer_list<std::string> vkeys) {
  std::vector<NoteVerifier> list;
  for (const auto& vkey : vkeys) list.push_back(must(NoteVerifier::parse(vkey)));
  return list;
}

}  // namespace

TEST_CASE("signing gives the published note, byte for byte") {
  CHECK(peter().vkey() == peter_vkey);
  CHECK(must(sign_note(text, peter())) == text + "\n" + peter_line);
}

TEST_CASE("the published note opens with the published key") {
  CHECK(must(open_note(text + "\n" + peter_line, verifiers({peter_vkey}))) == text);
}

TEST_CASE("no changed note opens") {
  const auto known = verifiers({peter_vkey});
  std::string note = text + "\n" + peter_line;
  for (auto& c : note) {
    const char kept = c;
    c = static_cast<char>(c ^ 1);
    INFO(note);
    CHECK_FALSE(open_note(note, known).has_value());
    c = kept;
  }
  for (std::size_t size = 0; size < note.size(); ++size) {
    CHECK_FALSE(open_note(std::string_view(note).substr(0, size), known).has_value());
  }
}

TEST_CASE("signatures of unknown keys are skipped, but one known key must have signed") {
  const auto other = must(NoteSigner::create("witness.example/w1", SigningKey::generate()));
  const std::string unknown_line = other.signature_line(text);
  CHECK(must(open_note(text + "\n" + unknown_line + peter_line, verifiers({peter_vkey}))) == text);
  CHECK(code_of(open_note(text + "\n" + unknown_line, verifiers({peter_vkey}))) == Errc::bad_signature);
  CHECK(code_of(open_note(text + "\n" + peter_line, {})) == Errc::bad_signature);
}

TEST_CASE("one wrong signature of a known key refuses the note") {
  const auto other = must(NoteSigner::create("witness.example/w1", SigningKey::generate()));
  const std::string wrong = other.signature_line("something else\n");
  CHECK(code_of(open_note(text + "\n" + peter_line + wrong, verifiers({peter_vkey, other.vkey()}))) ==
        Errc::bad_signature);
}

TEST_CASE("a note of another form is refused") {
  const auto known = verifiers({peter_vkey});
  const std::string bad[] = {
      "",
      "\n",
      text,
      peter_line,
      text + peter_line,
      text + "\n",
      text + "\n\n" + peter_line + "\n",
      text + "\n" + peter_line + "junk\n",
      text + "\n" + peter_line.substr(0, peter_line.size() - 1),
      text + "\n- PeterNeumann x08go/ZJ\n",
      "a\rb\n\n" + peter_line,
      "\xff\n\n" + peter_line,
      text + "\n" + "\u2014 PeterNeumann AAAA\n",  // key id without a signature
      text + "\n" + "\u2014 Peter+Neumann x08go/ZJkuBS\n",
  };
  for (const auto& note : bad) {
    INFO(note);
    CHECK(code_of(open_note(note, known)) == Errc::malformed);
  }
}

TEST_CASE("a note carries at most 100 signatures") {
  std::string note = text + "\n";
  for (int i = 0; i < 100; ++i) note += peter_line;
  CHECK(open_note(note, verifiers({peter_vkey})).has_value());
  CHECK(code_of(open_note(note + peter_line, verifiers({peter_vkey}))) == Errc::malformed);
}

TEST_CASE("only text that opens again can be signed") {
  for (const std::string bad : {"", "no newline", "tab\t\n", "\xff\n"}) {
    CHECK(code_of(sign_note(bad, peter())) == Errc::malformed);
  }
  CHECK(must(open_note(must(sign_note("two\n\nparts\n", peter())), verifiers({peter_vkey}))) == "two\n\nparts\n");
}

TEST_CASE("no part and no change of a vkey is a vkey") {
  for (std::size_t begin = 0; begin < peter_vkey.size(); ++begin) {
    for (std::size_t size = 1; begin + size <= peter_vkey.size(); ++size) {
      if (size == peter_vkey.size()) continue;
      CHECK_FALSE(NoteVerifier::parse(peter_vkey.substr(begin, size)).has_value());
    }
  }
  std::string changed = peter_vkey;
  for (auto& c : changed) {
    ++c;
    CHECK_FALSE(NoteVerifier::parse(changed).has_value());
    --c;
  }
  // Another key type, with its key id adjusted (golang.org/x/mod/sumdb/note).
  CHECK(code_of(NoteVerifier::parse("PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")) ==
        Errc::unsupported);
}

TEST_CASE("a key name has no spaces and no plus sign") {
  const auto key = SigningKey::generate().public_key();
  CHECK(NoteVerifier::from_key("unavoce.example/l\u00f6g", key).has_value());
  for (const char* name : {"", "a b", "a+b", "a\u00a0b", "a\u2003b", "a\nb", "\xff"}) {
    CHECK(code_of(NoteVerifier::from_key(name, key)) == Errc::malformed);
  }
}
