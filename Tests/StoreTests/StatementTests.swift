import Core
import Store
import Synchronization
import Testing

@Suite("Reading and writing", .timeLimit(.minutes(2)))
struct StatementTests {
  private struct Change: Error {}

  @Test("A write that throws has written nothing, and its own error comes through")
  func rollback() async throws {
    let database = try await Database(inMemory: [Fruit.table])
    let why = CmdopError(.wrongState, "not today", hint: "tomorrow")
    await #expect(throws: why) {
      try await database.write { db in
        try db.execute("INSERT INTO fruit VALUES ('apple', 1)")
        throw why
      }
    }
    #expect(await refusal { try await database.write { _ in throw Change() } }?.code == .internalError)
    #expect(try await Fruit.names(in: database) == [])
    try await Fruit.add("pear", 1, to: database)
    #expect(try await Fruit.names(in: database) == ["pear"])
  }

  @Test("A statement that cannot be run fails alone: the next one works")
  func badStatement() async throws {
    let database = try await Database(inMemory: [Fruit.table])
    for sql in ["SELECT * FROM nowhere", "no sql at all", "INSERT INTO fruit VALUES (1, 2, 3)"] {
      #expect(await refusal { try await database.write { db in try db.execute(sql) } }?.code == .internalError)
    }
    try await Fruit.add("apple", 1, to: database)
    #expect(await refusal { try await Fruit.add("apple", 2, to: database) }?.code == .internalError)
    #expect(try await Fruit.names(in: database) == ["apple"])
  }

  @Test("A read cannot write")
  func readOnly() async throws {
    let database = try await Database(inMemory: [Fruit.table])
    await #expect(throws: CmdopError.self) {
      try await database.read { db in try db.execute("INSERT INTO fruit VALUES ('apple', 1)") }
    }
    #expect(try await Fruit.names(in: database) == [])
  }

  @Test("Values come back as they went in; what is not there is nil or empty")
  func values() async throws {
    let database = try await Database(inMemory: [Fruit.table])
    let odd = "a'b\"; DROP TABLE fruit; -- \u{1f34f}\n"
    let changed = try await database.write { db in
      [
        try db.execute("INSERT INTO fruit VALUES (?, ?)", [.text(odd), SQLValue(Int64.min)]),
        try db.execute("INSERT INTO fruit VALUES (?, ?)", [.text("none"), SQLValue(Int64?.none)]),
        try db.execute("UPDATE fruit SET number = 7 WHERE name = ?", [.text("nobody")]),
      ]
    }
    #expect(changed == [1, 1, 0])
    try await database.read { db in
      let rows = try db.rows("SELECT * FROM fruit ORDER BY number")
      #expect(rows.map { $0.integer("number") } == [nil, .min])
      #expect(rows.map { $0.text("name") } == ["none", odd])
      #expect(rows[0].text("colour") == "")
      #expect(rows[0].integer("colour") == nil)
    }
  }

  @Test("A column of another type than expected is nil or empty: a file can rot, the program must not fall over it")
  func otherType() async {
    await #expect(processExitsWith: .success) {
      let database = try await Database(inMemory: [Fruit.table])
      try await database.write { db in
        try db.execute("INSERT INTO fruit VALUES ('apple', 'many'), (x'ff00fe', x'ff')")
      }
      try await database.read { db in
        for row in try db.rows("SELECT * FROM fruit") {
          precondition(row.integer("number") == nil)
          _ = row.text("name")
        }
      }
    }
  }

  @Test("A reader gets its answer while a writer is in the middle of its transaction, and sees nothing of it")
  func readBesideWrite() async throws {
    try await withFolder { folder in
      let database = try await Database(path: folder + "/a.db", migrations: [Fruit.table])
      let stage = Stage()
      let wasAnswered = try await withThrowingTaskGroup(of: Bool?.self) { group in
        group.addTask {
          try await database.write { db in
            try db.execute("INSERT INTO fruit VALUES ('apple', 1)")
            stage.begun.store(true, ordering: .releasing)
            return stage.waitForReader()
          }
        }
        group.addTask {
          while !stage.begun.load(ordering: .acquiring) { await Task.yield() }
          let seen = try await Fruit.names(in: database)
          #expect(seen == [])
          stage.read.store(true, ordering: .releasing)
          return nil
        }
        return try await group.reduce(false) { $0 || $1 == true }
      }
      #expect(wasAnswered, "the read waited for the write")
      #expect(try await Fruit.names(in: database) == ["apple"])
    }
  }

  @Test("Beside 200 transfers every reader sees the same sum")
  func consistentReads() async throws {
    try await withFolder { folder in
      let database = try await Database(path: folder + "/a.db", migrations: [Fruit.table])
      for name in ["left", "right"] { try await Fruit.add(name, 1000, to: database) }
      try await withThrowingTaskGroup { group in
        group.addTask {
          for _ in 0..<200 {
            try await database.write { db in
              try db.execute("UPDATE fruit SET number = number - 3 WHERE name = 'left'")
              try db.execute("UPDATE fruit SET number = number + 3 WHERE name = 'right'")
            }
          }
        }
        for _ in 0..<4 {
          group.addTask {
            for _ in 0..<100 {
              let sum = try await database.read { db in
                try db.rows("SELECT sum(number) AS n FROM fruit")[0].integer("n")
              }
              #expect(sum == 2000)
            }
          }
        }
        try await group.waitForAll()
      }
      let left = try await database.read { db in
        try db.rows("SELECT number FROM fruit WHERE name = 'left'")[0].integer("number")
      }
      #expect(left == 400)
    }
  }
}
