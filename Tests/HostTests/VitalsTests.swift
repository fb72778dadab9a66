import Core
import Host
import Testing

@Suite("How the machine is doing")
@Loop
struct VitalsTests {
  @Test("What the system tells is plausible")
  func plausible() throws {
    let vitals = VitalsReader().read(home: "/")
    let (used, total) = (try #require(vitals.diskUsedBytes), try #require(vitals.diskTotalBytes))
    #expect(used <= total && total > 1 << 20)
    let (memory, allMemory) = (try #require(vitals.memoryUsedBytes), try #require(vitals.memoryTotalBytes))
    #expect(memory > 0 && memory < allMemory && allMemory > 64 << 20)
    #expect(try #require(vitals.load1m) >= 0)
    #expect(try #require(vitals.uptimeSeconds) > 0)
    if let charge = vitals.batteryPercent { #expect((0...100).contains(charge)) }
  }

  @Test("Processor use is a difference: the first reading has none, a later one is from 0 to 100")
  func processor() async throws {
    let reader = VitalsReader()
    #expect(reader.read(home: "/").cpuPercent == nil)
    var share: Double?
    try await eventually("the kernel's counters move") {
      share = reader.read(home: "/").cpuPercent
      return share != nil
    }
    #expect((0...100).contains(try #require(share)))
  }

  @Test("A home that is not there has no disk, and the rest is told all the same")
  func noHome() {
    let vitals = VitalsReader().read(home: "/nowhere")
    #expect(vitals.diskTotalBytes == nil && vitals.diskUsedBytes == nil)
    #expect(vitals.memoryTotalBytes != nil)
  }

  @Test("This machine has a name and says what it is")
  func names() {
    #expect(!LocalMachine.hostname.isEmpty)
    #expect(LocalMachine.platform.hasPrefix("linux/") || LocalMachine.platform.hasPrefix("macos/"))
  }
}
