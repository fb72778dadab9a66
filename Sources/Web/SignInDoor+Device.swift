import Core

/// Approving a device: whoever sees its code on a screen signs in here and says for which fleet it may work.
extension SignInDoor {
  @Sendable func showDevice(_ request: WebRequest) async throws(CmdopError) -> HTTPAnswer {
    let code = Self.userCode(try FormFields(query: request.ask.query)["code"])
    guard let visit = await visit(request) else { return signInPage(request, code: code).answer }
    guard let code else { return Self.codePage(visit).answer }
    return await devicePage(code, visit, request).answer
  }

  @Sendable func signIn(_ request: WebRequest) async throws(CmdopError) -> HTTPAnswer {
    let fields = try request.ownForm()
    let (name, code) = (fields["name"] ?? "", Self.userCode(fields["code"]))
    do throws(CmdopError) {
      try require(fields, toKnow: request.cookies.form)
      let visit = try await desk.signIn(name: name, password: fields["password"] ?? "", peer: request.peer)
      let location: Header = ("location", code.map { "/device?code=\($0)" } ?? "/device")
      return HTTPAnswer(status: 303, headers: [location] + (await enter(visit, request)))
    } catch {
      return signInPage(request, code: code, name: name, error: error).answer
    }
  }

  @Sendable func decide(_ request: WebRequest) async throws(CmdopError) -> HTTPAnswer {
    let fields = try request.ownForm()
    let code = Self.userCode(fields["code"])
    guard let visit = await visit(request) else {
      return signInPage(request, code: code, error: CmdopError(.unauthenticated, "please sign in first")).answer
    }
    do throws(CmdopError) {
      try require(fields, toKnow: visit.formSecret)
      guard let code else { throw CmdopError(.badUsage, "the code is missing") }
      guard let decision = Decision(rawValue: fields["decision"] ?? "") else {
        throw CmdopError(.badUsage, "say approve or deny")
      }
      let fleet = fields["fleet"] ?? ""
      if decision == .approve, fleet.isEmpty { throw CmdopError(.badUsage, "choose a fleet") }
      try await desk.decide(
        userCode: code, approve: decision == .approve, fleet: fleet, as: visit, peer: request.peer)
      return Self.decidedPage(decision, fleet: fleet, visit).answer
    } catch {
      return Self.refusal(error, of: code, visit).answer
    }
  }

  @Sendable func signOut(_ request: WebRequest) async throws(CmdopError) -> HTTPAnswer {
    let fields = try request.ownForm()
    if let visit = await visit(request) {
      try require(fields, toKnow: visit.formSecret)
      await desk.signOut(cookie: visit.cookie)
    }
    return Page(
      title: "Signed out", content: "<p>You can close this page, or <a href=\"/device\">sign in again</a>.</p>",
      headers: [request.cookies.dropVisit, request.cookies.dropForm]
    ).answer
  }

  enum Decision: String { case approve, deny }

  /// What a person typed, as codes are written: capitals, and a dash in the middle of eight. nil: nothing.
  static func userCode(_ typed: String?) -> String? {
    let signs = (typed ?? "").uppercased().filter { $0.isASCII && ($0.isLetter || $0.isNumber) }.prefix(32)
    if signs.isEmpty { return nil }
    return signs.count == 8 ? "\(signs.prefix(4))-\(signs.suffix(4))" : String(signs)
  }
}
