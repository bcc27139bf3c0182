"""The style sheet of the HTML report: light and dark as the reader's system, and for printing."""

STYLE_SHEET = """
:root { color-scheme: light dark; --page: #f4f5f7; --card: #ffffff; --text: #1d1f24; --faint: #62666f;
  --line: #dcdee3; --track: #e6e8ec; --note: #fff6e0; --note-line: #e8cf92; }
@media (prefers-color-scheme: dark) { :root { --page: #15161a; --card: #1f2126; --text: #eceef2; --faint: #a3a8b3;
  --line: #33363d; --track: #343841; --note: #2b2719; --note-line: #5f5430; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Apple SD Gothic Neo", "Malgun Gothic",
  "NanumGothic", "Noto Sans CJK KR", sans-serif; overflow-wrap: anywhere; }
main { max-width: 1040px; margin: 0 auto; padding: 32px 20px 48px; }
h1 { font-size: 28px; line-height: 1.2; margin: 0 0 4px; }
h2 { font-size: 20px; line-height: 1.3; margin: 40px 0 12px; }
h3 { font-size: 15px; margin: 24px 0 8px; }
.source { color: var(--faint); font-size: 17px; margin: 0 0 20px; }
dl.facts { display: grid; grid-template-columns: max-content 1fr; gap: 2px 20px; margin: 0; }
dl.facts dt { color: var(--faint); }
dl.facts dd { margin: 0; }
code { font: 13px/1.6 ui-monospace, monospace; }
.note { background: var(--note); border: 1px solid var(--note-line); border-radius: 8px; padding: 10px 14px;
  margin: 20px 0 0; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(300px, 1fr)); gap: 14px; }
.card { display: flex; gap: 14px; background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 12px; break-inside: avoid; }
.card img { width: 96px; height: 96px; border-radius: 8px; object-fit: cover; flex: none; }
.card .words { min-width: 0; flex: 1; }
.card .who { display: flex; align-items: center; gap: 7px; font-weight: 600; }
.dot { width: 10px; height: 10px; border-radius: 5px; flex: none; }
.age { font-size: 26px; font-weight: 650; line-height: 1.15; }
.age small { font-size: 13px; font-weight: 400; color: var(--faint); }
.card p { margin: 0; color: var(--faint); font-size: 13px; line-height: 1.45; }
.card svg { display: block; width: 100%; max-width: 240px; margin-top: 5px; }
.timeline { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 14px;
  overflow-x: auto; }
.timeline svg { display: block; width: 100%; min-width: 560px; }
.picture { break-inside: avoid; margin: 0 0 28px; }
.picture > img { display: block; max-width: 100%; height: auto; border-radius: 8px; margin-bottom: 12px; }
.picture .cards { grid-template-columns: repeat(auto-fill, minmax(270px, 1fr)); }
.picture .card img { width: 64px; height: 64px; }
.left-out { color: var(--faint); }
.about { margin-top: 44px; border-top: 1px solid var(--line); font-size: 14px; }
.about p { margin: 0 0 8px; max-width: 75ch; }
.about .privacy { color: var(--faint); }
@media (max-width: 560px) { main { padding: 20px 12px 32px; } .cards { grid-template-columns: 1fr !important; }
  dl.facts { grid-template-columns: 1fr; } dl.facts dd { margin-bottom: 6px; } }
@page { margin: 16mm 14mm; }
@media print {
  :root { color-scheme: light; --page: #fff; --card: #fff; --text: #1d1f24; --faint: #4e525a; --line: #c9ccd3;
    --track: #e6e8ec; --note: #fff; --note-line: #c9ccd3; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body { font-size: 10pt; } main { max-width: none; padding: 0 1px; }
  h2, h3 { break-after: avoid; } .timeline { overflow: visible; } .timeline svg { min-width: 0; }
  .cards { grid-template-columns: 1fr 1fr; }
}
"""
