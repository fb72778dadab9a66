import Core

extension SignInDoor {
  func signInPage(_ request: WebRequest, code: String?, name: String = "", error: CmdopError? = nil) -> Page {
    let (secret, header) = formSecret(request)
    let refusal = error.map(Refusal.init)
    let wrong = refusal?.status == 401 && !name.isEmpty
    let sentence = wrong ? "This name and password do not go together." : refusal?.sentence
    let purpose: HTML? = code.map {
      "<p class=\"note\">Then you decide about the device that shows \(Self.code($0)).</p>"
    }
    return Page(
      status: refusal?.status ?? 200, title: "Sign in",
      content: """
        \(Page.trouble(sentence))
        \(purpose)
        <form method="post" action="/device/sign-in">
        \(Page.hidden("form", secret))
        \(code.map { Page.hidden("code", $0) })
        \(Self.nameField(name, isFirst: !wrong))
        \(Self.passwordField("current-password", isFirst: wrong))
        <button>Sign in</button>
        </form>
        """, headers: [header] + (refusal?.headers ?? []))
  }

  static func nameField(_ name: String = "", id: String = "name", isFirst: Bool = false) -> HTML {
    """
    <label for="\(id)">Name</label>
    <input id="\(id)" name="name" value="\(name)" autocomplete="username" autocapitalize="none" spellcheck="false" \
    maxlength="200" required\(focus(isFirst))>
    """
  }

  static func passwordField(
    _ completion: String, id: String = "password", name: String = "password", label: String = "Password",
    isFirst: Bool = false
  ) -> HTML {
    """
    <label for="\(id)">\(label)</label>
    <input id="\(id)" name="\(name)" type="password" autocomplete="\(completion)" maxlength="1000" required\
    \(focus(isFirst))>
    """
  }

  private static func focus(_ isFirst: Bool) -> HTML { isFirst ? " autofocus" : "" }

  static func code(_ code: String) -> HTML { "<span class=\"code\">\(code)</span>" }

  static func codePage(_ visit: BrowserVisit, _ code: String = "", error: CmdopError? = nil) -> Page {
    let refusal = error.map(Refusal.init)
    return Page(
      status: refusal?.status ?? 200, title: "Connect a device",
      content: """
        \(Page.trouble(refusal?.sentence))
        <form method="get" action="/device">
        <label for="code">The code that the device shows</label>
        <input id="code" name="code" class="code" value="\(code)" placeholder="XXXX-XXXX" autocomplete="off" \
        autocapitalize="characters" spellcheck="false" maxlength="32" required autofocus>
        <button>Continue</button>
        </form>
        """, visit: visit, headers: refusal?.headers ?? [])
  }

  func devicePage(_ code: String, _ visit: BrowserVisit, _ request: WebRequest) async -> Page {
    do throws(CmdopError) {
      return approvalPage(try await desk.deviceLogin(userCode: code, peer: request.peer), visit)
    } catch {
      return Self.refusal(error, of: code, visit)
    }
  }

  private func approvalPage(_ device: DeviceLoginView, _ visit: BrowserVisit) -> Page {
    Page(
      title: "Let this device in?",
      content: """
        <p>It will be able to work as you. Approve it only if you have just started it yourself, and it shows \
        \(Self.code(device.userCode)).</p>
        <dl>
        <div><dt>What asks, by its own account</dt><dd>\(theirs: device.client)</dd></div>
        <div><dt>From</dt><dd>\(theirs: device.address)</dd></div>
        <div><dt>Started</dt><dd>\(Moment.html(device.startedAt, now: now()))</dd></div>
        <div><dt>For the account</dt><dd>\(theirs: visit.account)</dd></div>
        </dl>
        <form method="post" action="/device/decide">
        \(Page.hidden("form", visit.formSecret))
        \(Page.hidden("code", device.userCode))
        \(Self.fleetField(visit.fleets))
        <div class="choice">
        \(visit.fleets.isEmpty ? nil : Self.approveButton)
        <button class="other" name="decision" value="deny">Deny</button>
        </div>
        </form>
        """, visit: visit)
  }

  private static let approveButton: HTML = "<button name=\"decision\" value=\"approve\">Approve</button>"

  private static func fleetField(_ fleets: [String]) -> HTML {
    guard !fleets.isEmpty else {
      return "<p class=\"trouble\">Your account belongs to no fleet yet. Ask somebody for an invitation.</p>"
    }
    let options: [HTML] = fleets.map { "<option value=\"\($0)\">\(plainTheirs: $0)</option>\n" }
    return """
      <label for="fleet">For the fleet</label>
      <select id="fleet" name="fleet" required>
      \(options)</select>
      """
  }

  static func decidedPage(_ decision: Decision, fleet: String, _ visit: BrowserVisit) -> Page {
    switch decision {
    case .approve:
      Page(
        title: "The device is in",
        content: "<p>It works as \(theirs: visit.account) in the fleet \(theirs: fleet). You can close this page.</p>",
        visit: visit)
    case .deny:
      Page(
        title: "The device stays out", content: "<p>It has been told. You can close this page.</p>", visit: visit)
    }
  }

  /// A code that nobody knows may be mistyped, so it can be mended at once.
  static func refusal(_ error: CmdopError, of code: String?, _ visit: BrowserVisit) -> Page {
    switch error.code {
    case .notFound:
      let sentence = "No device waits with the code \(code ?? "") (any more)."
      return codePage(visit, code ?? "", error: CmdopError(.notFound, sentence))
    case .timeout:
      return Page.refusal(CmdopError(.timeout, "this code is over; start again"), visit: visit)
    default: return Page.refusal(error, visit: visit)
    }
  }
}
