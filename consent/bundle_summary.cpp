// The page for people inside a bundle, first version: as bundles of before have it. German and English side by side, no
// script, nothing loaded from anywhere. Statements are unverified text here: everything out of them is escaped. Names
// of participants are inside W and unknown. The verifier writes the page anew and compares bytes
// (verifier_summary.cpp): the same statements must give the same page for ever. What is written now: bundle_page.cpp.
#include <array>
#include <chrono>
#include <cstdio>

#include "consent/bundle.hpp"
#include "consent/bundle_text.hpp"
#include "consent/ledger_entry.hpp"

namespace unavoce::consent {

std::string escaped(std::string_view text) {
  std::string html;
  for (const char c : text) {
    switch (c) {
      case '&':
        html += "&amp;";
        break;
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '"':
        html += "&quot;";
        break;
      case '\'':
        html += "&#39;";
        break;
      default:
        html += c;
    }
  }
  return html;
}

std::string utc(TimeMs time) {
  const std::chrono::sys_time<std::chrono::milliseconds> point{std::chrono::milliseconds(time.value)};
  const auto day = std::chrono::floor<std::chrono::days>(point);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(point - day));
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02u %02d:%02d:%02d UTC", static_cast<int>(date.year()) % 100000,
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text.data();
}

namespace {

std::string row(std::string_view german, std::string_view english, std::string_view value) {
  return "<tr><th><span lang=\"de\">" + std::string(german) + "</span> / <span lang=\"en\">" + std::string(english) +
         "</span></th><td>" + escaped(value) + "</td></tr>\n";
}

std::string about_meeting(const BundleContents& contents) {
  std::string html = row("Aufzeichnung", "recording", contents.recording);
  if (!contents.rooms.empty()) {
    if (const auto room = parse_statement<Room>(contents.rooms.back().envelope)) {
      html += row("Raum", "room", room.value().body.title);
      for (const Controller& controller : room.value().body.controllers) {
        html += row("Verantwortlich", "controller", controller.name + ", " + controller.contact);
      }
      html += row("Aufsichtsbehörde", "supervisory authority", room.value().body.authority);
    }
  }
  if (!contents.entries.empty()) {
    if (const auto request = parse_statement<Request>(contents.entries.front().envelope)) {
      html += row("Zweck", "purpose", request.value().body.purpose);
      html += row("Zu löschen nach", "delete after", utc(request.value().body.delete_after_ms));
    }
  }
  return html;
}

std::string about_answers(const BundleContents& contents) {
  std::string html;
  for (const EntryFile& entry : contents.entries) {
    if (entry.kind != "approval" && entry.kind != "refusal" && entry.kind != "withdrawal") continue;
    std::string received;
    if (const auto body = parse_entry(entry.entry)) received = utc(body.value().received);
    const std::string_view german = entry.kind == "approval"  ? "Zustimmung"
                                    : entry.kind == "refusal" ? "Ablehnung"
                                                              : "Widerruf";
    html += row(german, entry.kind, received);
  }
  return html;
}

std::string about_tracks(const BundleContents& contents) {
  std::string html;
  std::map<std::string_view, std::uint64_t> by_name;  // in one order, wherever the list comes from
  for (const BundleTrack& track : contents.tracks) by_name.emplace(track.name, track.size_bytes);
  for (const auto& [name, size_bytes] : by_name) {
    html +=
        row("Spur (versiegelt)", "track (sealed)", std::string(name) + ", " + std::to_string(size_bytes) + " bytes");
  }
  return html;
}

}  // namespace

std::string format_summary(const BundleContents& contents) {
  return R"html(<!DOCTYPE html>
<html lang="de">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Unavoce )html" +
         escaped(contents.recording) + R"html(</title>
<style>body{font:16px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}th{text-align:left;padding-right:1.5em;vertical-align:top}code{background:#eee}</style>
</head>
<body>
<h1>Unavoce</h1>
<p lang="de">Eine versiegelte Aufzeichnung mit allen Erklärungen, die zu ihr gehören. Diese Seite beweist nichts; das tut <code>unavoce verify</code>.
Öffnen kann sie, wer den Raumschlüssel hat: <code>unavoce open ORDNER --key room.key</code>. Namen stehen nur in den versiegelten Teilen.</p>
<p lang="en">A sealed recording with all statements that belong to it. This page proves nothing; <code>unavoce verify</code> does.
Who has the room key can open it: <code>unavoce open FOLDER --key room.key</code>. Names are only inside the sealed parts.</p>
<table>
)html" + about_meeting(contents) +
         about_answers(contents) + about_tracks(contents) + "</table>\n</body>\n</html>\n";
}

}  // namespace unavoce::consent
