// The page for people inside a bundle, second version: who said what, the takes, what was erased, every file, how to
// check. German and English side by side, no script, nothing loaded from anywhere. Statements are unverified text here:
// everything out of them is escaped. Names of participants are inside W and unknown: people are numbered. The verifier
// writes the page anew and compares bytes: the same statements must give the same page for ever, so whoever wants to
// change it adds a third version (the first: bundle_summary.cpp).
#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>

#include "consent/bundle.hpp"
#include "consent/bundle_text.hpp"
#include "consent/ledger_entry.hpp"
#include "consent/receipt.hpp"
#include "consent/statements.hpp"

namespace unavoce::consent {
namespace {

/// A statement that can be read, and when it was received.
template <class S>
struct Read {
  S body;
  StatementId id;
  std::size_t signatures;
  TimeMs received;
};

template <class S>
std::optional<Read<S>> read(const EntryFile& entry) {
  if (entry.kind != kind_name<S>()) return std::nullopt;
  auto statement = parse_statement<S>(entry.envelope);
  const auto body = parse_entry(entry.entry);
  if (!statement || !body) return std::nullopt;
  return Read<S>{std::move(statement.value().body), statement.value().id, statement.value().signatures,
                 body.value().received};
}

template <class S>
std::vector<Read<S>> all_of(const std::vector<EntryFile>& entries) {
  std::vector<Read<S>> found;
  for (const EntryFile& entry : entries) {
    if (auto one = read<S>(entry)) found.push_back(std::move(*one));
  }
  return found;
}

struct Words {
  std::string_view german;
  std::string_view english;
};

std::string both(const Words& words) {
  return "<span lang=\"de\">" + std::string(words.german) + "</span> / <span lang=\"en\">" +
         std::string(words.english) + "</span>";
}

std::string heading(const Words& words) {
  return "<h2>" + both(words) + "</h2>\n";
}

/// A row whose cells are HTML already.
std::string cells(std::initializer_list<std::string> html) {
  std::string row = "<tr>";
  for (const std::string& cell : html) row += "<td>" + cell + "</td>";
  return row + "</tr>\n";
}

std::string head(std::initializer_list<Words> columns) {
  std::string row = "<tr>";
  for (const Words& column : columns) row += "<th>" + both(column) + "</th>";
  return row + "</tr>\n";
}

std::string table(const std::string& rows) {
  return "<table>\n" + rows + "</table>\n";
}

std::string fact(const Words& name, std::string_view value) {
  return "<tr><th>" + both(name) + "</th><td>" + escaped(value) + "</td></tr>\n";
}

std::string kinds_of(const Scope& scope) {
  constexpr std::array<Words, 4> kWords{
      {{"Ton", "sound"}, {"Bild", "picture"}, {"Bildschirm", "screen"}, {"Chat", "chat"}}};
  std::string html;
  for (std::size_t i = 0; i < kAllKinds.size(); ++i) {
    if (scope.contains(kAllKinds[i])) html += (html.empty() ? "" : ", ") + both(kWords[i]);
  }
  return html.empty() ? both({"nichts von sich", "nothing of themselves"}) : html;
}

Words words_of(EndReason reason) {
  switch (reason) {
    case EndReason::stopped:
      return {"beendet", "stopped"};
    case EndReason::late_join:
      return {"jemand kam hinzu", "somebody entered"};
    case EndReason::left:
      return {"jemand ging", "somebody left"};
    case EndReason::refused:
      return {"jemand lehnte ab", "somebody refused"};
    case EndReason::withdrawn:
      return {"jemand widerrief", "somebody withdrew"};
    case EndReason::new_approval:
      return {"jemand stimmte neu zu", "somebody approved anew"};
    case EndReason::expired:
      return {"abgelaufen", "expired"};
    case EndReason::host_left:
      return {"kein Gastgeber mehr da", "no host was there any more"};
    case EndReason::room_changed:
      return {"der Raum wurde geändert", "the room was changed"};
    case EndReason::interrupted:
      return {"der Dienst fiel aus", "the service went down"};
    case EndReason::fault:
      return {"eine Störung", "a fault"};
    case EndReason::ended:
      break;
  }
  return {"zu Ende", "ended"};
}

Words words_of(ErasedReason reason) {
  switch (reason) {
    case ErasedReason::retention:
      return {"Ende der Aufbewahrung", "end of retention"};
    case ErasedReason::room_deleted:
      return {"Raum gelöscht", "room deleted"};
    case ErasedReason::recording_deleted:
      return {"Aufzeichnung gelöscht", "recording deleted"};
    case ErasedReason::withdrawal:
      break;
  }
  return {"Widerruf", "withdrawal"};
}

/// Writes the page's parts from the statements of one recording.
class Page {
 public:
  explicit Page(const BundleContents& contents)
      : contents_(contents),
        rooms_(all_of<Room>(contents.rooms)),
        requests_(all_of<Request>(contents.entries)),
        approvals_(all_of<Approval>(contents.entries)),
        takes_(all_of<Take>(contents.entries)),
        seals_(all_of<Seal>(contents.entries)),
        erased_(all_of<Erased>(contents.entries)) {
    for (const EntryFile& entry : contents.entries) {
      if (const auto approval = read<Approval>(entry)) number(approval->body.key);
      if (const auto refusal = read<Refusal>(entry)) number(refusal->body.key);
    }
    // A bundle from a stranger may have as many of each as fit: whatever is looked up for each other is looked up here.
    for (const Read<Approval>& approval : approvals_) owners_.try_emplace(approval.id, person(approval.body.key));
    for (const Read<Seal>& seal : seals_) {
      if (seal.body.take) seal_of_.try_emplace(*seal.body.take, &seal);
    }
    for (const Read<Erased>& erased : erased_) {
      for (const std::string& what : erased.body.what) erasure_of_.try_emplace(what, &erased);
    }
  }
  Page(const Page&) = delete;
  Page& operator=(const Page&) = delete;

  std::string meeting() const {
    std::string html = fact({"Aufzeichnung", "recording"}, contents_.recording);
    if (const Room* room = room_of_request()) {
      html += fact({"Raum", "room"}, room->title);
      html += fact({"Fingerabdruck des Raums", "fingerprint of the room"}, room_fingerprint(room->signing_key));
      for (const Controller& controller : room->controllers)
        html += fact({"Verantwortlich", "controller"}, controller.name + ", " + controller.contact);
      html += fact({"Aufsichtsbehörde", "supervisory authority"}, room->authority);
      for (const RoomRecipient& recipient : room->recipients)
        html += fact({"Kann sie öffnen", "can open it"}, recipient.holder);
    }
    if (requests_.empty()) return html;
    const Request& request = requests_.front().body;
    html += fact({"Zweck", "purpose"}, request.purpose);
    html +=
        "<tr><th>" + both({"Gefragt wurde nach", "asked for"}) + "</th><td>" + kinds_of(request.scope) + "</td></tr>\n";
    html += fact({"Gefragt am", "asked at"}, utc(requests_.front().received));
    return html +
           fact({"Aufbewahrung endet, zu löschen nach", "retention ends, delete after"}, utc(request.delete_after_ms));
  }

  std::string answers() const {
    std::string rows;
    for (const EntryFile& entry : contents_.entries) {
      if (const auto approval = read<Approval>(entry)) {
        rows += cells({utc(approval->received), person(approval->body.key), both(role_words(approval->body.role)),
                       both({"stimmt zu", "approves"}), kinds_of(approval->body.scope),
                       "<code>" + approval->id.hex().substr(0, 16) + "</code>"});
      } else if (const auto refusal = read<Refusal>(entry)) {
        rows += cells({utc(refusal->received), person(refusal->body.key), both(role_words(refusal->body.role)),
                       both({"lehnt ab", "refuses"}), "", ""});
      } else if (const auto withdrawal = read<Withdrawal>(entry)) {
        const Scope& kinds = withdrawal->body.kinds;
        rows += cells({utc(withdrawal->received), person(withdrawal->body.key), "", both({"widerruft", "withdraws"}),
                       kinds == Scope::all() ? both({"alles", "everything"}) : kinds_of(kinds), ""});
      }
    }
    return rows;
  }

  std::string takes() const {
    std::string rows;
    for (const Read<Take>& take : takes_) {
      const auto seal = seal_of_.find(take.body.take);
      std::string people;
      for (const StatementId& id : take.body.approvals) people += (people.empty() ? "" : ", ") + owner(id);
      const bool sealed = seal != seal_of_.end();
      rows += cells(
          {std::to_string(take.body.take), utc(take.body.start_ms), sealed ? utc(seal->second->body.issued_ms) : "?",
           sealed ? both(words_of(seal->second->body.reason)) : both({"nicht versiegelt", "not sealed"}), people,
           take.signatures > 1 ? both({"Dienst und Gastgeber", "service and host"})
                               : both({"nur der Dienst", "the service only"})});
    }
    return rows;
  }

  std::string erasures() const {
    std::string rows;
    for (const Read<Erased>& erased : erased_) {
      for (const std::string& what : erased.body.what) {
        constexpr std::string_view wrapped = "wrapped:";
        std::string html = "<code>" + escaped(what) + "</code>";
        if (what.starts_with(wrapped)) {
          const auto id = StatementId::parse(std::string_view(what).substr(wrapped.size()));
          html = both({"Schlüssel von", "key of"}) + " " + (id ? owner(id.value()) : escaped(what));
        }
        rows += cells({utc(erased.received), html, both(words_of(erased.body.reason))});
      }
    }
    return rows;
  }

  /// Every file that was begun, is there, or was sealed, by name.
  std::string files() const {
    std::map<std::string, std::string> owners;
    for (const EntryFile& entry : contents_.entries) {
      if (const auto track = read<Track>(entry)) owners.try_emplace(track->body.name, owner(track->body.approval));
    }
    std::set<std::string> empty;
    for (const Read<Seal>& seal : seals_) {
      for (const SealedTrack& sealed : seal.body.tracks) {
        owners.try_emplace(sealed.name, owner(sealed.approval));
        if (sealed.empty) empty.insert(sealed.name);
      }
    }
    std::map<std::string, std::uint64_t> sizes;
    for (const BundleTrack& track : contents_.tracks) {
      sizes.emplace(track.name, track.size_bytes);
      owners.try_emplace(track.name, "?");
    }
    std::string rows;
    for (const auto& [name, whose] : owners) {
      const auto size = sizes.find(name);
      rows += cells({"<code>" + escaped(name) + "</code>", whose,
                     size != sizes.end() ? std::to_string(size->second) + " bytes" : why_missing(name, empty)});
    }
    return rows;
  }

 private:
  void number(const crypto::PublicKey& key) { numbers_.try_emplace(key, numbers_.size() + 1); }

  std::string person(const crypto::PublicKey& key) const {
    const auto found = numbers_.find(key);
    return found == numbers_.end() ? "?" : "P" + std::to_string(found->second);
  }

  std::string owner(const StatementId& id) const {
    const auto found = owners_.find(id);
    return found == owners_.end() ? "?" : found->second;
  }

  static Words role_words(Role role) {
    return role == Role::host ? Words{"Gastgeber", "host"} : Words{"Teilnehmer", "participant"};
  }

  const Room* room_of_request() const {
    if (requests_.empty()) return rooms_.empty() ? nullptr : &rooms_.back().body;
    const auto found = std::ranges::find(rooms_, requests_.front().body.room_statement, &Read<Room>::id);
    return found == rooms_.end() ? nullptr : &found->body;
  }

  std::string why_missing(const std::string& name, const std::set<std::string>& empty) const {
    if (const auto found = erasure_of_.find(name); found != erasure_of_.end()) {
      const Read<Erased>& erased = *found->second;
      return both({"gelöscht", "erased"}) + " " + utc(erased.received) + ": " + both(words_of(erased.body.reason));
    }
    if (empty.contains(name)) return both({"leer: nichts kam an", "empty: nothing arrived"});
    return both({"fehlt, und keine Erklärung sagt warum", "missing, and no statement says why"});
  }

  const BundleContents& contents_;
  std::vector<Read<Room>> rooms_;
  std::vector<Read<Request>> requests_;
  std::vector<Read<Approval>> approvals_;
  std::vector<Read<Take>> takes_;
  std::vector<Read<Seal>> seals_;
  std::vector<Read<Erased>> erased_;
  std::map<crypto::PublicKey, std::size_t> numbers_;  // by their first answer, from 1
  // The first of each name, in the order of the ledger; pointers and names into the lists above.
  std::map<StatementId, std::string> owners_;
  std::map<std::uint32_t, const Read<Seal>*> seal_of_;
  std::map<std::string_view, const Read<Erased>*> erasure_of_;
};

}  // namespace

std::string format_page(const BundleContents& contents) {
  const Page page(contents);
  return R"html(<!DOCTYPE html>
<html lang="de">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Unavoce )html" +
         escaped(contents.recording) + R"html(</title>
<style>body{font:16px/1.5 sans-serif;max-width:70em;margin:2em auto;padding:0 1em}table{border-collapse:collapse}th,td{text-align:left;padding:.2em 1.5em .2em 0;vertical-align:top;border-bottom:1px solid #ccc}code{background:#eee;overflow-wrap:anywhere}</style>
</head>
<body>
<h1>Unavoce</h1>
<p lang="de">Eine versiegelte Aufzeichnung mit allen Erklärungen, die zu ihr gehören. Diese Seite erzählt nur, was darin steht, und beweist nichts; das tut <code>unavoce verify</code> (unten).
Menschen haben hier Nummern (P1, P2, …, in der Reihenfolge ihrer ersten Antwort): Ihre Namen stehen nur in den versiegelten Teilen. Alle Zeiten sind die des Dienstes.</p>
<p lang="en">A sealed recording with all statements that belong to it. This page only tells what they say and proves nothing; <code>unavoce verify</code> does (below).
People have numbers here (P1, P2, …, in the order of their first answers): their names are only inside the sealed parts. All times are the service's.</p>
)html" + heading({"Worum es ging", "What it was about"}) +
         table(page.meeting()) + heading({"Wer was gesagt hat", "Who said what"}) +
         table(head({{"wann", "when"},
                     {"wer", "who"},
                     {"Rolle", "role"},
                     {"Antwort", "answer"},
                     {"wozu", "to what"},
                     {"Zustimmung", "approval"}}) +
               page.answers()) +
         heading({"Abschnitte, in denen aufgezeichnet wurde", "Takes: when it was recorded"}) +
         table(head({{"Abschnitt", "take"},
                     {"von", "from"},
                     {"bis (versiegelt)", "to (sealed)"},
                     {"weil", "because"},
                     {"wer", "who"},
                     {"unterschrieben von", "signed by"}}) +
               page.takes()) +
         heading({"Gelöscht", "Erased"}) +
         table(head({{"wann", "when"}, {"was", "what"}, {"warum", "why"}}) + page.erasures()) +
         heading({"Spuren", "Tracks"}) +
         table(head({{"Datei", "file"}, {"von wem", "of whom"}, {"da, oder warum nicht", "here, or why not"}}) +
               page.files()) +
         heading({"So prüfen und öffnen Sie sie", "How to check and open it"}) + R"html(<ol lang="de">
<li><code>unavoce verify ORDNER</code> prüft alles ohne Netz und sagt, was nicht stimmt. Vergleichen Sie den Fingerabdruck mit den 43 Zeichen hinter <code>#</code> im Einladungslink.</li>
<li><code>unavoce verify --key room.key ORDNER</code> öffnet auch jede Spur und zeigt die Namen.</li>
<li><code>unavoce open --key room.key ORDNER</code> schreibt Bild und Ton. Wer nur die eigene Schlüsseldatei hat, öffnet damit den eigenen Teil.</li>
</ol>
<ol lang="en">
<li><code>unavoce verify FOLDER</code> checks everything offline and says what is wrong. Compare the fingerprint with the 43 characters behind <code>#</code> in the invitation link.</li>
<li><code>unavoce verify --key room.key FOLDER</code> also opens every track and shows the names.</li>
<li><code>unavoce open --key room.key FOLDER</code> writes pictures and sound. Whoever has only their own key file opens their own part with it.</li>
</ol>
</body>
</html>
)html";
}

}  // namespace unavoce::consent
