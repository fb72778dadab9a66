import Core

/// One page for people: works without scripts, and at 320 pixels.
struct Page: Sendable {
  var status = 200
  let title: String
  let content: HTML
  /// Who is signed in, with a way out.
  var visit: BrowserVisit?
  var headers: [Header] = []

  var answer: HTTPAnswer {
    HTTPAnswer(
      status: status, headers: [("content-type", "text/html; charset=utf-8")] + headers, body: Array(html.text.utf8))
  }

  private var html: HTML {
    """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="robots" content="noindex">
    <title>\(title) – cmdop</title>
    <link rel="stylesheet" href="/style.css?v=\(CmdopVersion.program)">
    </head>
    <body>
    <header><span aria-hidden="true">&gt;_</span> cmdop</header>
    <main>
    <h1>\(title)</h1>
    \(content)
    </main>
    \(visit.map(Self.footer))
    </body>
    </html>

    """
  }

  private static func footer(_ visit: BrowserVisit) -> HTML {
    """
    <footer>
    <p>Signed in as \(theirs: visit.account)</p>
    <form method="post" action="/sign-out">
    \(hidden("form", visit.formSecret))
    <button class="quiet">Sign out</button>
    </form>
    </footer>
    """
  }

  // MARK: Pieces

  static func hidden(_ name: String, _ value: String) -> HTML {
    "<input type=\"hidden\" name=\"\(name)\" value=\"\(value)\">"
  }

  /// What went wrong, read out by screen readers as soon as it is there.
  static func trouble(_ sentence: String?) -> HTML? {
    sentence.map { "<p class=\"trouble\" role=\"alert\">\($0)</p>" }
  }

  static func refusal(_ error: CmdopError, title: String? = nil, visit: BrowserVisit? = nil) -> Page {
    let refusal = Refusal(error)
    return Page(
      status: refusal.status, title: title ?? heading(refusal.status), content: "\(trouble(refusal.sentence))",
      visit: visit, headers: refusal.headers)
  }

  private static func heading(_ status: Int) -> String {
    switch status {
    case 400: "That was not understood"
    case 401: "Please sign in"
    case 403: "Not allowed"
    case 404: "Not found"
    case 410: "This code is over"
    case 429: "Too many tries"
    case 503: "Not available right now"
    default: "That did not work"
    }
  }
}
