import Core
import Fleet
import Testing

@Suite("Secrets that people choose are hashed slowly")
struct SlowHashTests {
  @Test("The right secret matches, others do not, and two hashes of one secret differ")
  func matching() async throws {
    let stored = try await SlowHash.make("correct horse")
    #expect(stored.hasPrefix("$scrypt$ln=15,r=8,p=1$"))
    #expect(stored.split(separator: "$").last?.utf8.count == 43)
    #expect(try await SlowHash.matches("correct horse", stored))
    #expect(try await !SlowHash.matches("correct horsf", stored))
    #expect(try await !SlowHash.matches("", stored))
    #expect(try await SlowHash.make("correct horse") != stored)
  }

  @Test("A hash says its own parameters: one that was cheaper to make is still read")
  func parameters() async throws {
    // As Python computes it: hashlib.scrypt(b"1234", salt=bytes(range(16)), n=2**4, r=8, p=1, dklen=32)
    let cheap = "$scrypt$ln=4,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$J7oxLyKVwUUjCOVFsHRzRBYci0tBZyKGR2Wegfyie2Y"
    #expect(try await SlowHash.matches("1234", cheap))
    #expect(try await !SlowHash.matches("1235", cheap))
  }

  @Test(
    "What is damaged or would take all memory matches nothing",
    arguments: [
      "", "$", "$scrypt$ln=15,r=8,p=1$$", "plain",
      "$scrypt$ln=40,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$J7oxLyKVwUUjCOVFsHRzRBYci0tBZyKGR2Wegfyie2Y",
      "$argon2id$ln=4,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$J7oxLyKVwUUjCOVFsHRzRBYci0tBZyKGR2Wegfyie2Y",
      "$scrypt$ln=4,r=8$AAECAwQFBgcICQoLDA0ODw$J7oxLyKVwUUjCOVFsHRzRBYci0tBZyKGR2Wegfyie2Y",
      "$scrypt$ln=4,r=8,p=0$AAECAwQFBgcICQoLDA0ODw$J7oxLyKVwUUjCOVFsHRzRBYci0tBZyKGR2Wegfyie2Y",
      "$scrypt$ln=4,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$AAAA",
    ])
  func damaged(_ stored: String) async throws {
    #expect(!SlowHash.isReadable(stored))
    #expect(try await !SlowHash.matches("1234", stored))
    #expect(try await !SlowHash.matches("", stored))
  }
}
