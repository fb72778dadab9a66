import Core

/// How the pages look: one column, the system's fonts, light or dark as the reader's system is.
enum Style {
  static let answer = HTTPAnswer(
    status: 200, headers: [("content-type", "text/css; charset=utf-8"), ("cache-control", "max-age=3600")],
    body: Array(sheet.utf8))

  // Contrasts of text are at least 4.5 : 1 (WCAG AA) in both schemes.
  private static let sheet = """
    :root {
      color-scheme: light dark;
      --ground: #f3f4f6; --card: #ffffff; --ink: #1c2128; --soft: #57606a; --line: #c9d0d8;
      --deed: #1457b8; --on-deed: #ffffff; --bad: #a4201a; --bad-ground: #fdeceb; --focus: #1457b8;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --ground: #0e1116; --card: #171b22; --ink: #e6e9ee; --soft: #9aa4b0; --line: #38414d;
        --deed: #7fb2ff; --on-deed: #0b1626; --bad: #ffb3ad; --bad-ground: #3a1715; --focus: #7fb2ff;
      }
    }
    *, *::before, *::after { box-sizing: border-box; }
    html { font: 100%/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
    body {
      margin: 0; min-height: 100vh; padding: 1.5rem 1rem; background: var(--ground); color: var(--ink);
      display: flex; flex-direction: column; align-items: center; gap: 1rem;
    }
    header, main, footer { width: 100%; max-width: 27rem; }
    header { font-weight: 600; letter-spacing: .01em; }
    header span { font-family: ui-monospace, Menlo, Consolas, monospace; color: var(--deed); }
    main {
      background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: 1.5rem;
    }
    @media (max-width: 24rem) { main { padding: 1.125rem 1rem; } }
    h1 { font-size: 1.375rem; line-height: 1.25; margin: 0 0 .75rem; }
    h2 { font-size: 1.0625rem; line-height: 1.3; margin: 1.5rem 0 .75rem; }
    p { margin: 0 0 1rem; }
    h1, p, dd, label { overflow-wrap: anywhere; }
    main > :last-child, form > :last-child { margin-bottom: 0; }
    form { display: block; margin: 0 0 1rem; }
    label { display: block; font-weight: 600; margin: 0 0 .25rem; }
    input, select {
      display: block; width: 100%; margin: 0 0 1rem; padding: .625rem .75rem; font: inherit; color: inherit;
      background: var(--card); border: 1px solid var(--soft); border-radius: .5rem;
    }
    select { text-overflow: ellipsis; }
    .code { font-family: ui-monospace, Menlo, Consolas, monospace; letter-spacing: .08em; white-space: nowrap; }
    input.code { font-size: 1.25rem; text-transform: uppercase; }
    button, summary { font: inherit; font-weight: 600; cursor: pointer; }
    button {
      display: block; width: 100%; padding: .625rem 1rem; border-radius: .5rem; border: 1px solid var(--deed);
      background: var(--deed); color: var(--on-deed);
    }
    button.other { background: transparent; color: var(--ink); border-color: var(--soft); }
    button.quiet {
      width: auto; padding: .25rem 0; border: 0; background: none; color: var(--deed); text-decoration: underline;
      font-weight: 400;
    }
    button:hover { filter: brightness(1.1); }
    :focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
    .choice { display: flex; flex-wrap: wrap; gap: .75rem; }
    .choice button { flex: 1 1 8rem; width: auto; }
    dl { margin: 0 0 1.25rem; border-top: 1px solid var(--line); }
    dl > div { padding: .5rem 0; border-bottom: 1px solid var(--line); }
    dt { color: var(--soft); font-size: .875rem; }
    dd { margin: 0; overflow: hidden; }
    .note { color: var(--soft); font-size: .9375rem; }
    .trouble {
      background: var(--bad-ground); color: var(--bad); border-left: .25rem solid var(--bad); border-radius: .25rem;
      padding: .625rem .75rem;
    }
    details { border-top: 1px solid var(--line); padding-top: 1rem; margin-top: 1.5rem; }
    details[open] summary { margin-bottom: 1rem; }
    footer {
      display: flex; flex-wrap: wrap; justify-content: space-between; align-items: baseline; gap: 0 1rem;
      color: var(--soft); font-size: .9375rem;
    }
    footer p, footer form { margin: 0; }

    """
}
