import Core

/// Taking an invitation: as who is signed in, with a new account, or with one that there is.
extension SignInDoor {
  @Sendable func showInvitation(_ request: WebRequest) async throws(CmdopError) -> HTTPAnswer {
    try await invitationPage(request).answer
  }

  @Sendable func acceptInvitation(_ request: WebRequest) async throws(CmdopError) -> HTTPAnswer {
    let fields = try request.ownForm()
    let (secret, name) = (request.lastSegment, fields["name"] ?? "")
    let account = InvitedAccount(rawValue: fields["account"] ?? "")
    let visit = account == .own ? await visit(request) : nil
    var offer: InvitationView?
    do throws(CmdopError) {
      try require(fields, toKnow: account == .own ? visit?.formSecret : request.cookies.form)
      offer = try await desk.invitation(secret: secret, peer: request.peer)
      guard let account else { throw CmdopError(.badUsage, "say with which account") }
      if let visit {
        try await desk.acceptInvitation(secret: secret, as: visit, peer: request.peer)
        return Self.joinedPage(offer, visit).answer
      }
      let password = fields["password"] ?? ""
      if account == .new, password != fields["repeat"] {
        throw CmdopError(.badUsage, "the two passwords are not the same")
      }
      let entered = try await desk.acceptInvitation(
        secret: secret, name: name, password: password, peer: request.peer)
      return Self.joinedPage(offer, entered, headers: await enter(entered, request)).answer
    } catch {
      // What is wrong with the invitation itself cannot be mended in its form.
      if error.code == .notFound || error.code == .timeout { throw Self.spent }
      return try await invitationPage(request, offer, account: account, name: name, error: error).answer
    }
  }

  /// `own`: the one that is signed in.
  private enum InvitedAccount: String { case own, new, existing }

  private static let spent = CmdopError(.notFound, "this invitation is unknown, used or over; ask for another")

  private func invitationPage(
    _ request: WebRequest, _ offer: InvitationView? = nil, account: InvitedAccount? = nil, name: String = "",
    error: CmdopError? = nil
  ) async throws(CmdopError) -> Page {
    var offer = offer
    do throws(CmdopError) {
      if offer == nil { offer = try await desk.invitation(secret: request.lastSegment, peer: request.peer) }
    } catch {
      throw error.code == .notFound || error.code == .timeout ? Self.spent : error
    }
    guard let offer else { throw Self.spent }
    let visit = await visit(request)
    let refusal = error.map(Refusal.init)
    let (secret, header) = formSecret(request)
    let action = "/invite/\(request.lastSegment)"
    let wrong = refusal?.status == 401 && account == .existing
    return Page(
      status: refusal?.status ?? 200, title: "You are invited",
      content: """
        \(Page.trouble(wrong ? "This name and password do not go together." : refusal?.sentence))
        <dl>
        <div><dt>To the fleet</dt><dd>\(theirs: offer.fleet)</dd></div>
        <div><dt>As</dt><dd>\(theirs: offer.role)</dd></div>
        <div><dt>By</dt><dd>\(theirs: offer.invitedBy)</dd></div>
        <div><dt>Until</dt><dd>\(Moment.html(offer.expiresAt, now: now()))</dd></div>
        </dl>
        \(visit.map { Self.ownForm(action, $0) } ?? Self.otherForms(action, secret, account, name))
        """, visit: visit, headers: (visit == nil ? [header] : []) + (refusal?.headers ?? []))
  }

  private static func ownForm(_ action: String, _ visit: BrowserVisit) -> HTML {
    """
    <form method="post" action="\(action)">
    \(Page.hidden("form", visit.formSecret))
    \(Page.hidden("account", InvitedAccount.own.rawValue))
    <button>Join as \(theirs: visit.account)</button>
    </form>
    <p class="note">To join with another account, sign out first and open the link again.</p>
    """
  }

  private static func otherForms(
    _ action: String, _ secret: String, _ account: InvitedAccount?, _ name: String
  ) -> HTML {
    let isExisting = account == .existing
    return """
      <h2>Make an account</h2>
      <form method="post" action="\(action)">
      \(Page.hidden("form", secret))
      \(Page.hidden("account", InvitedAccount.new.rawValue))
      \(nameField(isExisting ? "" : name, isFirst: !isExisting))
      \(passwordField("new-password"))
      \(passwordField("new-password", id: "repeat", name: "repeat", label: "Password, once more"))
      <button>Join</button>
      </form>
      <details\(isExisting ? " open" : "")>
      <summary>I have an account here</summary>
      <form method="post" action="\(action)">
      \(Page.hidden("form", secret))
      \(Page.hidden("account", InvitedAccount.existing.rawValue))
      \(nameField(isExisting ? name : "", id: "own-name", isFirst: isExisting))
      \(passwordField("current-password", id: "own-password"))
      <button>Sign in and join</button>
      </form>
      </details>
      """
  }

  private static func joinedPage(_ offer: InvitationView?, _ visit: BrowserVisit, headers: [Header] = []) -> Page {
    Page(
      title: "Welcome",
      content: """
        <p>\(theirs: visit.account) now belongs to the fleet \(theirs: offer?.fleet ?? ""), \
        as \(theirs: offer?.role ?? "").</p>
        <p>On your own computer, <code>cmdop login</code> brings you in. You can close this page.</p>
        """, visit: visit, headers: headers)
  }
}
