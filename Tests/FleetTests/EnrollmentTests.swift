import Core
import Crypto
import Fleet
import Testing

@Suite("Enrolment: how a machine comes to belong")
struct EnrollmentTests {
  @Test("A machine with the join key gets an id, and a credential by which it is known from then on")
  func first() async throws {
    let fleets = try await TwoFleets()
    let box = try await fleets.registry.enroll(
      try Applicant("box").request(TwoFleets.ourSecret, name: "The box", platform: "macos/arm64"), now: 77)
    #expect(box.created)
    #expect(hasIdentifierShape(box.machine.id.rawValue))
    #expect(box.fleet == fleets.ours)
    #expect(box.machine.hostname == "box" && box.machine.displayName == "The box")
    #expect(box.machine.platform == "macos/arm64" && box.machine.enrolledAt == 77 && box.machine.lastSeenAt == 0)
    #expect(try await fleets.registry.authenticate(machineCredential: box.credential) == box.machine)
  }

  @Test("Joining again with the same key keeps the id; the new credential replaces the old one")
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
    #expect(try await fleets.registry.machines(in: fleets.ours.id) == [after.machine])
    #expect(
      await code { try await fleets.registry.authenticate(machineCredential: before.credential) } == .unauthenticated)
    #expect(try await fleets.registry.authenticate(machineCredential: after.credential).id == before.machine.id)
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
    #expect(try await fleets.registry.machines(in: fleets.ours.id).count == 4)
  }

  @Test("Twenty machines of one hostname that join at the same time get twenty names")
  func race() async throws {
    let fleets = try await TwoFleets()
    let (registry, secret) = (fleets.registry, TwoFleets.ourSecret)
    let names = try await withThrowingTaskGroup(of: String.self) { group in
      for _ in 0..<20 {
        group.addTask { try await registry.enroll(try Applicant("box").request(secret), now: 1).machine.hostname }
      }
      return try await group.reduce(into: Set<String>()) { $0.insert($1) }
    }
    #expect(names == Set(["box"] + (2...20).map { "box-\($0)" }))
  }

  @Test("A wrong secret is denied, and says nothing about the fleets there are")
  func wrongSecret() async throws {
    let fleets = try await TwoFleets()
    for secret in ["", "cjs_our", "CJS_OURS", "cjs_ours ", "' OR 1=1 --"] {
      let request = try Applicant("box").request(secret)
      do {
        _ = try await fleets.registry.enroll(request, now: 1)
        Issue.record("\"\(secret)\" let a machine in")
      } catch {
        #expect(error.code == .denied)
        #expect(!error.message.contains("theirs") && !error.message.contains("ours"))
      }
    }
    #expect(try await fleets.registry.machines(in: fleets.ours.id) == [])
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
    for other in others { #expect(await code { try await fleets.registry.enroll(other, now: 1) } == .denied) }
    #expect(await code { try await fleets.registry.enroll(good, now: 1) } == nil)
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
    try await fleets.registry.replaceJoinKeys(secret: "cjs_new", fleet: fleets.ours.id)
    #expect(await code { try await fleets.enroll(Applicant("late")) } == .denied)
    #expect(try await fleets.registry.authenticate(machineCredential: inside.credential) == inside.machine)
    #expect(try await fleets.enroll(Applicant("late"), "cjs_new").fleet == fleets.ours)
    #expect(try await fleets.enroll(Applicant("late"), TwoFleets.theirSecret).fleet == fleets.theirs)
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
