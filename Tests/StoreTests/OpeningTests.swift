import Core
import Foundation
import Store
import Testing

@Suite("Opening a database")
struct OpeningTests {
  @Test("A migration runs once, however often the file is opened, and what was written stays")
  func migratesOnce() async throws {
    try await withFolder { folder in
      for (round, fruit) in ["apple", "pear", "plum"].enumerated() {
        let database = try await Database(path: folder + "/a.db", migrations: [Fruit.table])
        try await Fruit.add(fruit, 1, to: database)
        #expect(try await Fruit.names(in: database).count == round + 1)
      }
    }
  }

  @Test("A later migration changes what an earlier one made, and its rows are still there")
  func migratesFurther() async throws {
    try await withFolder { folder in
      try await Fruit.add("apple", 1, to: try await Database(path: folder + "/a.db", migrations: [Fruit.table]))
      let newer = try await Database(path: folder + "/a.db", migrations: [Fruit.table, Fruit.colour])
      let colours = try await newer.read { db in
        try db.rows("SELECT * FROM fruit").map { "\($0.text("name")) \($0.text("colour"))" }
      }
      #expect(colours == ["apple green"])
    }
  }

  @Test("A migration that fails leaves the file as it was before")
  func migrationFails() async throws {
    try await withFolder { folder in
      try await Fruit.add("apple", 1, to: try await Database(path: folder + "/a.db", migrations: [Fruit.table]))
      let broken = Migration("fruit-2", "CREATE TABLE basket (id TEXT); INSERT INTO nowhere VALUES (1)")
      let error = await refusal { try await Database(path: folder + "/a.db", migrations: [Fruit.table, broken]) }
      #expect(error?.code == .internalError)
      let again = try await Database(path: folder + "/a.db", migrations: [Fruit.table])
      #expect(try await Fruit.names(in: again) == ["apple"])
      #expect(await refusal { try await again.read { db in try db.rows("SELECT * FROM basket").count } } != nil)
    }
  }

  @Test("A file of a newer program is refused with version, names what it knows, and is not touched")
  func newerFile() async throws {
    try await withFolder { folder in
      let path = folder + "/a.db"
      try await Fruit.add("apple", 1, to: try await Database(path: path, migrations: [Fruit.table, Fruit.colour]))
      let error = try #require(await refusal { try await Database(path: path, migrations: [Fruit.table]) })
      #expect(error.code == .version)
      #expect(error.message.contains(path) && error.message.contains("fruit-2"))
      #expect(error.hint?.contains("update") == true)
      let newer = try await Database(path: path, migrations: [Fruit.table, Fruit.colour])
      #expect(try await Fruit.names(in: newer) == ["apple"])
    }
  }

  @Test("A file that is no database is an internal error that names it and says how to put it aside")
  func noDatabase() async throws {
    try await withFolder { folder in
      let path = folder + "/a.db"
      let rubbish = [UInt8](repeating: 0x5a, count: 8192)
      _ = FileManager.default.createFile(atPath: path, contents: Data(rubbish))
      let error = try #require(await refusal { try await Database(path: path, migrations: [Fruit.table]) })
      #expect(error.code == .internalError)
      #expect(error.message.contains(path) && error.message.contains("damaged"))
      #expect(error.hint == "mv \(path) \(path).damaged")
      #expect(FileManager.default.contents(atPath: path).map { Array($0) } == rubbish)
    }
  }

  @Test("A database whose pages have rotted is named when it is read, and nothing crashes")
  func rottenPages() async throws {
    try await withFolder { folder in
      let path = folder + "/a.db"
      do {
        let database = try await Database(path: path, migrations: [Fruit.table])
        try await database.write { db in
          for number in 0..<2000 {
            try db.execute("INSERT INTO fruit VALUES (?, ?)", [.text("fruit \(number)"), .integer(Int64(number))])
          }
        }
      }
      var bytes = Array(try #require(FileManager.default.contents(atPath: path)))
      for index in 8192..<bytes.count { bytes[index] = 0xa5 }
      _ = FileManager.default.createFile(atPath: path, contents: Data(bytes))
      for side in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + side) }
      let error = try #require(
        await refusal { try await Fruit.names(in: try await Database(path: path, migrations: [Fruit.table])) })
      #expect(error.code == .internalError)
      #expect(error.message.contains(path) && error.message.contains("damaged"))
    }
  }

  @Test("A file that cannot be made is an error that names it", arguments: ["/nowhere/a.db", "/proc/a.db"])
  func cannotMake(_ path: String) async throws {
    let error = try #require(await refusal { try await Database(path: path, migrations: []) })
    #expect(error.code == .denied && error.message.contains(path))
  }

  @Test("The file and its side files may be read by their owner only, also when the file was open to others")
  func modes() async throws {
    try await withFolder { folder in
      for (name, before) in [("new.db", nil), ("old.db", 0o644)] as [(String, Int?)] {
        let path = "\(folder)/\(name)"
        if let before {
          _ = FileManager.default.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: before])
        }
        let database = try await Database(path: path, migrations: [Fruit.table])
        try await Fruit.add("apple", 1, to: database)
        for file in [path, path + "-wal", path + "-shm"] { #expect(mode(of: file) == 0o600, "\(file)") }
        #expect(try await Fruit.names(in: database) == ["apple"])
      }
    }
  }
}
