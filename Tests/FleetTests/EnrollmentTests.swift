import Core
import Crypto
import Fleet
import Testing

@Suite("Enrolment: how a machine comes to belong")
@Loop
struct EnrollmentTests {
  @Test("A machine with the join key gets an id and belongs to the key's fleet")
  func first() async throws {
    let fleets = try await TwoFleets()
    let box = try await fleets.registry.enroll(
      try Applicant("box").request(TwoFleets.ourSecret, name: "The box", platform: "macos/arm64"), from: "local")
    #expect(box.created)
    #expect(hasIdentifierShape(box.machine.id.rawValue))
    #expect(box.fleet == fleets.ours)
    #expect(box.machine.hostname == "box" && box.machine.displayName == "The box")
    #expect(
      box.machine.platform == "macos/arm64" && box.machine.enrolledAt == fleets.clock.now && box.machine.lastSeenAt == 0
    )
  }

  @Test("A machine is known by what only its key can sign: for this relay, this moment and itself")
  func proof() async throws {
    let fleets = try await TwoFleets()
    let (box, other) = (Applicant("box"), Applicant("other"))
    let id = try await fleets.enroll(box).machine.id
    let otherID = try await fleets.enroll(other, TwoFleets.theirSecret).machine.id
    let nonce = newNonce()
    func known(_ id: MachineID, _ nonce: [UInt8], _ signature: [UInt8], pin: String = "") async -> CmdopError.Code? {
      await code {
        try fleets.registry.authenticate(id, nonce: nonce, signature: signature, relayPin: pin, pins: ["pin", "next"])
      }
    }
    #expect(await known(id, nonce, try box.proof(id, nonce)) == nil)
    for pin in ["pin", "next"] { #expect(await known(id, nonce, try box.proof(id, nonce, pin: pin), pin: pin) == nil) }
    #expect(await known(id, nonce, try box.proof(id, nonce, pin: "mallory"), pin: "mallory") == .untrusted)
    #expect(await known(id, nonce, try box.proof(id, nonce, pin: "mallory"), pin: "pin") == .unauthenticated)
    #expect(await known(id, newNonce(), try box.proof(id, nonce)) == .unauthenticated)
    #expect(await known(id, nonce, try other.proof(id, nonce)) == .unauthenticated)
    #expect(await known(otherID, nonce, try box.proof(id, nonce)) == .unauthenticated)
    #expect(await known(id, nonce, []) == .unauthenticated)
    #expect(await known(MachineID("nobody"), nonce, try box.proof(id, nonce)) == .unauthenticated)
  }

  @Test("Joining again with the same key keeps the id")
  func again() async throws {
    let fleets = try await TwoFleets()
    var box = Applicant("box")
    let before = try await fleets.enroll(box)
    box.hostname = "renamed"
    let after = try await fleets.enroll(box, name: "New name")
    #expect(!after.created)
    #expect(after.machine.id == before.machine.id)
    #expect(after.machine.hostname == "renamed" && after.machine.displayName == "New name")
    #expect(after.machine.enrolledAt == before.machine.enrolledAt)
    #expect(fleets.registry.machines(in: fleets.ours.id) == [after.machine])
  }

  @Test("Machines that call themselves the same get numbers, whatever the case, and keep them when they join again")
  func sameHostname() async throws {
    let fleets = try await TwoFleets()
    let applicants = ["box", "BOX", "box", "box-2"].map { Applicant($0) }
    for _ in 0..<2 {
      var names: [String] = []
      for applicant in applicants { names.append(try await fleets.enroll(applicant).machine.hostname) }
      #expect(names == ["box", "BOX-2", "box-3", "box-2-2"])
    }
    #expect(fleets.registry.machines(in: fleets.ours.id).count == 4)
  }

  @Test("Twenty machines of one hostname that join at the same time get twenty names")
  func race() async throws {
    let fleets = try await TwoFleets()
    let (registry, secret) = (fleets.registry, TwoFleets.ourSecret)
    let names = try await withThrowingTaskGroup(of: String.self) { group in
      for _ in 0..<20 {
        group.addTask {
          try await registry.enroll(try Applicant("box").request(secret), from: "local").machine.hostname
        }
      }
      var names: Set<String> = []
      for try await name in group { names.insert(name) }
      return names
    }
    #expect(names == Set(["box"] + (2...20).map { "box-\($0)" }))
  }

  @Test("A wrong secret is denied, and says nothing about the fleets there are")
  func wrongSecret() async throws {
    let fleets = try await TwoFleets()
    for secret in ["", "cjs_our", "CJS_OURS", "cjs_ours ", "' OR 1=1 --"] {
      let request = try Applicant("box").request(secret)
      do {
        _ = try await fleets.registry.enroll(request, from: "local")
        Issue.record("\"\(secret)\" let a machine in")
      } catch {
        #expect(error.code == .denied)
        #expect(!error.message.contains("theirs") && !error.message.contains("ours"))
      }
    }
    #expect(fleets.registry.machines(in: fleets.ours.id) == [])
  }

  @Test("Who cannot prove that the key is his own is denied, even with the join key")
  func falseSignature() async throws {
    let fleets = try await TwoFleets()
    let (box, thief) = (Applicant("box"), Applicant("box"))
    let good = try box.request(TwoFleets.ourSecret)
    func variant(key: [UInt8]? = nil, signature: [UInt8]? = nil, hostname: String? = nil) -> EnrollmentRequest {
      EnrollmentRequest(
        secret: good.secret, publicKey: key ?? good.publicKey, signature: signature ?? good.signature,
        hostname: hostname ?? good.hostname, name: "", platform: "")
    }
    let others = [
      variant(signature: try thief.request(TwoFleets.ourSecret).signature), variant(signature: []),
      variant(signature: Array(good.signature.dropLast())), variant(key: Array(good.publicKey.dropLast())),
      variant(key: []), variant(hostname: "other"), variant(signature: try box.request("cjs_theirs").signature),
    ]
    for other in others { #expect(await code { try await fleets.registry.enroll(other, from: "local") } == .denied) }
    #expect(await code { try await fleets.registry.enroll(good, from: "local") } == nil)
  }

  @Test(
    "A hostname that is none is refused", arguments: ["", "two words", "a/b", "ünïcode", "new\nline", "\u{0}", "a;b"])
  func badHostname(_ hostname: String) async throws {
    let fleets = try await TwoFleets()
    #expect(await code { try await fleets.enroll(Applicant(hostname)) } == .badUsage)
  }

  @Test("A hostname has at most 253 bytes, a display name 128 and no control characters")
  func tooLong() async throws {
    let fleets = try await TwoFleets()
    let longest = String(repeating: "a", count: 253)
    #expect(await code { try await fleets.enroll(Applicant(longest)) } == nil)
    #expect(await code { try await fleets.enroll(Applicant(longest + "a")) } == .badUsage)
    #expect(await code { try await fleets.enroll(Applicant("a"), name: String(repeating: "é", count: 64)) } == nil)
    #expect(
      await code { try await fleets.enroll(Applicant("b"), name: String(repeating: "é", count: 65)) } == .badUsage)
    #expect(await code { try await fleets.enroll(Applicant("c"), name: "bell\u{7}") } == .badUsage)
  }

  @Test("After rotation only the new join key lets machines in; those that are in stay, other fleets notice nothing")
  func rotation() async throws {
    let fleets = try await TwoFleets()
    let inside = try await fleets.enroll(Applicant("inside"))
    try await fleets.registry.replaceJoinKeys(
      secret: "cjs_new", fleet: fleets.ours.id, by: Author("anna", in: fleets.ours.id, from: "local"))
    #expect(await code { try await fleets.enroll(Applicant("late")) } == .denied)
    #expect(fleets.registry.machine(inside.machine.id, in: fleets.ours.id) == inside.machine)
    #expect(try await fleets.enroll(Applicant("late"), "cjs_new").fleet == fleets.ours)
    #expect(try await fleets.enroll(Applicant("late"), TwoFleets.theirSecret).fleet == fleets.theirs)
  }

  @Test("A key for fifty machines lets in fifty of a hundred that come at once; those that are in may come again")
  func uses() async throws {
    let fleets = try await TwoFleets()
    let actor = Author("anna", in: fleets.ours.id, from: "local")
    let (registry, key) = (
      fleets.registry,
      try await fleets.registry.createJoinKey(label: "fifty", ttl: 0, uses: 50, in: fleets.ours.id, by: actor)
    )
    let applicants = (0..<100).map { Applicant("m\($0)") }
    func tryAll() async -> Int {
      await withTaskGroup(of: Bool.self) { group in
        for applicant in applicants {
          group.addTask { (try? await registry.enroll(applicant.request(key.secret), from: "local")) != nil }
        }
        var count = 0
        for await came in group where came { count += 1 }
        return count
      }
    }
    #expect(await tryAll() == 50)
    #expect(registry.machineCount(in: fleets.ours.id) == 50)
    #expect(await tryAll() == 50)
    let card = try #require(try await registry.joinKeys(in: fleets.ours.id).first { $0.label == "fifty" })
    #expect(card.uses == 50 && card.usesLeft == 0)
  }

  @Test("A key with an end ends, a revoked one lets nobody in, a rotated one only with its new secret")
  func endsOfKeys() async throws {
    let fleets = try await TwoFleets()
    let (registry, ours) = (fleets.registry, fleets.ours.id)
    let actor = Author("anna", in: ours, from: "local")
    let short = try await registry.createJoinKey(label: "short", ttl: 60, uses: 0, in: ours, by: actor).secret
    #expect(await code { try await fleets.enroll(Applicant("a"), short) } == nil)
    fleets.clock.pass(60_000)
    #expect(await code { try await fleets.enroll(Applicant("b"), short) } == .denied)
    let old = try await registry.createJoinKey(label: "ci", ttl: 0, uses: 0, in: ours, by: actor).secret
    let new = try await registry.rotateJoinKey("ci", in: ours, by: actor).secret
    #expect(await code { try await fleets.enroll(Applicant("c"), old) } == .denied)
    #expect(await code { try await fleets.enroll(Applicant("c"), new) } == nil)
    #expect(await code { try await registry.revokeJoinKey("ci", in: fleets.theirs.id, by: actor) } == .notFound)
    #expect(try await registry.revokeJoinKey("ci", in: ours, by: actor).revokedAt == fleets.clock.now)
    #expect(await code { try await fleets.enroll(Applicant("d"), new) } == .denied)
  }

  @Test("A join key that is added twice is one, and a second one does not shut out the first")
  func severalKeys() async throws {
    let fleets = try await TwoFleets()
    try await fleets.registry.addJoinKey(secret: TwoFleets.ourSecret, fleet: fleets.ours.id)
    try await fleets.registry.addJoinKey(secret: "cjs_second", fleet: fleets.ours.id)
    #expect(try await fleets.enroll(Applicant("a")).fleet == fleets.ours)
    #expect(try await fleets.enroll(Applicant("b"), "cjs_second").fleet == fleets.ours)
  }
}
