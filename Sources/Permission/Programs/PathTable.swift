/// Programs whose words are files that they change. Everybody's words are looked at as files that are read.
enum PathTable {
  enum Shape {
    /// Every operand is changed.
    case all
    /// Every operand but the first: chmod 644 file.
    case afterFirst
    /// The last is written, the others are read: cp.
    case last
    /// The last is written and the others are gone: mv.
    case moves
    /// The first is written: zip.
    case first
  }

  static let shapes: [String: Shape] = [
    "rm": .all, "rmdir": .all, "unlink": .all, "touch": .all, "mkdir": .all, "truncate": .all, "shred": .all,
    "tee": .all,
    "mkfifo": .all, "mknod": .all, "wipefs": .all, "mkswap": .all, "blkdiscard": .all, "fdisk": .all, "sfdisk": .all,
    "cfdisk": .all, "sgdisk": .all, "gdisk": .all, "parted": .all, "badblocks": .all, "cryptsetup": .all, "fsck": .all,
    "e2fsck": .all, "tune2fs": .all, "resize2fs": .all, "pvcreate": .all, "vgcreate": .all, "losetup": .all,
    "hdparm": .all,
    "debugfs": .all, "swapon": .all, "nano": .all, "vi": .all, "vim": .all, "nvim": .all, "ed": .all, "ex": .all,
    "emacs": .all,
    "sponge": .all, "gzip": .all, "bzip2": .all, "xz": .all, "zstd": .all, "gunzip": .all, "patch": .all, "trash": .all,
    "trash-put": .all, "srm": .all, "wipe": .all, "fallocate": .all, "setfattr": .all, "sudoedit": .all, "visudo": .all,
    "chmod": .afterFirst, "chown": .afterFirst, "chgrp": .afterFirst, "chattr": .afterFirst, "setfacl": .afterFirst,
    "chcon": .afterFirst, "cp": .last, "install": .last, "ln": .last, "link": .last, "scp": .last, "rsync": .last,
    "mv": .moves,
    "rename": .moves, "zip": .first, "ar": .first, "split": .last, "csplit": .last, "ssh-keygen": .all, "mount": .last,
  ]

  /// Those whose `-o` is something else than a file to write.
  private static let otherO: Set<String> = [
    "ls", "grep", "egrep", "fgrep", "rg", "ps", "ssh", "scp", "sftp", "mount", "find", "set", "test", "[", "useradd",
    "od",
    "lsblk", "findmnt", "stdbuf", "timeout", "xargs", "df", "bash", "sh", "pgrep", "kubectl", "pkill", "id", "ag",
    "column",
  ]

  static func isListed(_ name: String) -> Bool { shapes[name] != nil }

  static func uses(of invocation: inout Invocation) {
    let words = invocation.words
    let name = invocation.name
    guard words.count > 1 else { return }
    if name.hasPrefix("mkfs") || name.hasPrefix("mke2fs") || name.hasPrefix("fsck.") {
      invocation.uses += words.dropFirst().map { PathUse($0, .write) }
    }
    switch name {
    case "dd": addPairs(&invocation)
    case "tar", "bsdtar", "gtar": addTar(&invocation)
    case "sed", "gsed", "perl", "ruby", "yq": addInPlace(&invocation)
    case "mount", "umount", "pivot_root", "mknod", "losetup":
      // What a path means afterwards, nobody who judges paths can say.
      if words.count > 2 || name != "mount" { invocation.hide("\(name) changes what paths lead to") }
      addByShape(&invocation)
    case "find", "gfind": addFind(&invocation)
    case "git": addGit(&invocation)
    case "curl", "wget", "unzip", "7z": addDownload(&invocation)
    default: addByShape(&invocation)
    }
    if ["docker", "podman", "nerdctl"].contains(name) { addMounts(&invocation) }
    addWritten(&invocation)
    guard !otherO.contains(name) else { return }
    for (index, word) in words.enumerated().dropFirst() {
      let isOutput =
        ["-o", "-out", "--outfile", "--output-document", "--output-file", "--output-dir"].contains(word.text)
        || word.text.utf8.count > 2 && "--output".hasPrefix(word.text)
      if isOutput {
        if index + 1 < words.count { invocation.uses.append(PathUse(words[index + 1], .write)) }
      } else if let equals = word.text.firstIndex(of: "="), equals > word.text.startIndex,
        word.text.hasPrefix("--out") || word.text.utf8.count > 3 && "--output".hasPrefix(word.text[..<equals])
      {
        invocation.uses.append(PathUse(word.tail(after: equals), .write))
      } else if word.text.hasPrefix("-o"), !word.text.hasPrefix("--"), word.text.utf8.count > 2 {
        var value = word
        value.text = String(word.text.dropFirst(2))
        invocation.uses.append(PathUse(value, .write))
      }
    }
  }

  /// Options of a program whose value is a file that it writes, in clusters and cut short: curl -sLo FILE, sort --o=FILE.
  private static func addWritten(_ invocation: inout Invocation) {
    guard let flags = Concerns.flags[invocation.name], !flags.writes.isEmpty, !flags.singleDash else { return }
    let written = flags.writes.subtracting(readOptions).subtracting(["-O", "--remote-name", "--remote-name-all"])
      .union(invocation.name == "wget" ? ["-O"] : [])
    let letters = Set(written.filter { $0.utf8.count == 2 }.compactMap(\.last))
    let reader = OptionReader(
      invocation.words, short: letters.union(flags.valued).union(flags.short.subtracting(["O"])),
      long: written.filter { $0.hasPrefix("--") }.sorted())
    invocation.uses += reader.options.filter { written.contains($0.name) }.compactMap(\.value).map {
      PathUse($0, .write)
    }
    addRemoteNames(reader, &invocation)
  }

  /// Files that get their names from an address: curl -O, wget.
  private static func addRemoteNames(_ reader: OptionReader, _ invocation: inout Invocation) {
    let isNamed =
      invocation.name == "wget" && !reader.has("-O", "--output-document")
      || invocation.name == "curl"
        && reader.options.contains { $0.name == "-O" || $0.name == "-J" || $0.name.hasPrefix("--remote") }
    guard isNamed else { return }
    var places = reader.options.filter { ["-P", "--directory-prefix", "--output-dir"].contains($0.name) }
      .compactMap(\.value)
    if places.isEmpty { places = [Argument(".")] }
    for place in places {
      invocation.uses.append(PathUse(place, .write))
      for operand in reader.operands.map(\.word) where operand.isKnown && place.isKnown {
        let address = operand.text.prefix { $0 != "?" && $0 != "#" }
        let name = PathText.name(String(address))
        if name.utf8.count > 1 { invocation.uses.append(PathUse(Argument(place.text + "/" + name), .write)) }
      }
    }
  }

  /// Among the options that are filed as writing: those that only send a file away.
  private static let readOptions: Set<String> = [
    "-T", "--upload-file", "-i", "--input-file", "--post-file", "--body-file",
  ]

  private static func addByShape(_ invocation: inout Invocation) {
    guard let shape = shapes[invocation.name] else {
      // What reads whole trees reads what lies in them.
      if ["grep", "egrep", "fgrep", "rg", "ag", "ack", "du", "tree", "ls", "diff", "zip", "scp"].contains(
        invocation.name)
      {
        let reader = OptionReader(invocation.words, short: [])
        let isDeep = reader.has("-r", "-R", "--recursive") || ["rg", "ag", "ack"].contains(invocation.name)
        if isDeep, invocation.name != "ls" {
          let places = reader.operands.dropFirst(invocation.name == "diff" ? 0 : 1).map(\.word)
          invocation.uses += (places.isEmpty ? [Argument(".")] : places).map { PathUse($0, .read, isRecursive: true) }
        }
      }
      return
    }
    let takesTarget = ["cp", "mv", "ln", "install"].contains(invocation.name)
    let reader = OptionReader(
      invocation.words, short: valued(invocation.name), long: takesTarget ? ["--target-directory", "--suffix"] : [])
    let isDeep =
      reader.has("-r", "-R", "-a", "--recursive", "--archive")
      || reader.options.contains { $0.name.hasPrefix("--rec") || $0.name == "--no-preserve-root" }
    var operands = reader.operands.map(\.word)
    let targets = reader.options.filter { takesTarget && ($0.name == "-t" || $0.name == "--target-directory") }
      .compactMap(\.value)
    invocation.uses += targets.map { PathUse($0, .write) }
    if invocation.name == "ln" { addLinks(operands, targets, &invocation) }
    if invocation.name == "csplit" || invocation.name == "patch" {
      let written = OptionReader(
        invocation.words, short: ["f", "b", "n", "d", "o", "i", "p", "r"], long: ["--prefix", "--directory"])
      invocation.uses += written.options.filter { ["-f", "--prefix", "-d", "--directory"].contains($0.name) }
        .compactMap(\.value).map { PathUse($0, .write) }
    }
    let hasTarget = !targets.isEmpty
    switch shape {
    case .all: invocation.uses += operands.map { PathUse($0, .write, isRecursive: isDeep) }
    case .afterFirst:
      // The mode may be an option, `-w`, or that of another file: then the first is a file, too.
      let hasMode =
        invocation.name != "chown" && invocation.name != "chgrp"
        || reader.options.contains { $0.name.hasPrefix("--ref") }
      invocation.uses += operands.dropFirst(hasMode ? 0 : 1).map { PathUse($0, .write, isRecursive: isDeep) }
    case .first:
      // zip -m removes what it has packed.
      let isMove = invocation.name == "zip" && reader.has("-m", "--move")
      invocation.uses += operands.prefix(1).map { PathUse($0, .write) }
      invocation.uses += operands.dropFirst().map {
        PathUse($0, isMove ? .write : .read, isRecursive: isDeep || isMove)
      }
    case .last, .moves:
      if invocation.name == "install", reader.options.contains(where: { $0.name == "-d" || $0.name.hasPrefix("--di") })
      {
        invocation.uses += operands.map { PathUse($0, .write) }
        return
      }
      if !hasTarget, operands.count > 1, let last = operands.popLast() {
        // rsync --delete removes what is not at the other end.
        let empties = invocation.name == "rsync" && reader.options.contains { $0.name.hasPrefix("--del") }
        invocation.uses.append(PathUse(last, .write, isRecursive: empties))
        // ln without a place makes the link here.
      }
      let isMove = shape == .moves
      let reads = isDeep || invocation.name == "rsync" || invocation.name == "ln" || isMove
      invocation.uses += operands.map { PathUse($0, isMove ? .write : .read, isRecursive: reads) }
    }
  }

  /// What a link leads to is seen from where the link is.
  private static func addLinks(_ operands: [Argument], _ targets: [Argument], _ invocation: inout Invocation) {
    guard let place = targets.first ?? (operands.count > 1 ? operands.last : nil), place.isKnown else { return }
    let name = PathText.name(place.text)
    let folder = place.text.hasSuffix(name) ? place.text.dropLast(name.count) : "/"
    for operand in targets.isEmpty ? operands.dropLast() : operands[...]
    where operand.isKnown && !operand.text.hasPrefix("/") {
      for base in [String(folder), place.text + "/"] {
        invocation.uses.append(PathUse(Argument(base + operand.text), .read, isRecursive: true))
      }
    }
  }

  /// Letters that take a value.
  private static func valued(_ name: String) -> Set<Character> {
    switch name {
    case "cp", "mv", "ln": ["t", "S"]
    case "install": ["t", "m", "S", "o", "g"]
    case "mkdir", "mkfifo", "mknod": ["m"]
    case "touch": ["d", "r", "t"]
    case "truncate": ["s", "r"]
    case "ssh-keygen": ["t", "b", "C", "N", "P"]
    default: []
    }
  }

  /// What a container sees of this machine.
  private static func addMounts(_ invocation: inout Invocation) {
    for (index, word) in invocation.words.enumerated() {
      var mount: Substring?
      let isCluster = word.text.hasPrefix("-") && !word.text.hasPrefix("--") && word.text.hasSuffix("v")
      if isCluster || word.text == "--volume", index + 1 < invocation.words.count {
        mount = invocation.words[index + 1].text[...]
      }
      if word.text.hasPrefix("-v"), word.text.utf8.count > 2 { mount = word.text.dropFirst(2).drop { $0 == "=" } }
      if word.text.hasPrefix("--volume=") { mount = word.text.dropFirst(9) }
      if let place = mount?.prefix(while: { $0 != ":" }), place.hasPrefix("/") || place.hasPrefix(".") {
        invocation.uses.append(PathUse(Argument(String(place)), .read, isRecursive: true))
      }
      if word.text.hasPrefix("--mount") || word.text == "--privileged" {
        invocation.hide("\(invocation.name) \(word.text)")
      }
    }
  }

  private static func addPairs(_ invocation: inout Invocation) {
    for word in invocation.words {
      guard let equals = word.text.firstIndex(of: "=") else { continue }
      let key = word.text[..<equals]
      if key == "of" { invocation.uses.append(PathUse(word.tail(after: equals), .write)) }
      if key == "if" { invocation.uses.append(PathUse(word.tail(after: equals), .read)) }
    }
  }

  private static func addTar(_ invocation: inout Invocation) {
    let reader = tarReader(invocation.words)
    let extracts = tarExtracts(reader)
    for option in reader.options {
      guard let value = option.value else { continue }
      if ["-C", "--directory"].contains(option.name) || option.name.hasPrefix("--on") {
        invocation.uses.append(PathUse(value, extracts ? .write : .read))
      }
      if option.name == "-f" || option.name == "--file" {
        invocation.uses.append(PathUse(value, extracts ? .read : .write))
      }
    }
    if !extracts {
      let places = reader.options.filter { $0.name == "-C" || $0.name == "--directory" }.compactMap(\.value)
      let removes = reader.options.contains { $0.name.hasPrefix("--remove") }
      for operand in reader.operands.map(\.word) {
        invocation.uses.append(PathUse(operand, removes ? .write : .read, isRecursive: true))
        for place in places where operand.isKnown && place.isKnown {
          invocation.uses.append(
            PathUse(Argument(PathText.absolute(operand.text, in: place.text)), .read, isRecursive: true))
        }
      }
    }
    if extracts, !reader.has("-C", "--directory") { invocation.uses.append(PathUse(Argument("."), .write)) }
  }

  static func tarExtracts(_ reader: OptionReader) -> Bool {
    reader.options.contains { option in
      option.name == "-x"
        || option.name.utf8.count > 3 && ["--extract", "--get"].contains { $0.hasPrefix(option.name) }
    }
  }

  /// `tar xCf DIR FILE`: letters without a dash take the words behind them, one after the other.
  static func tarReader(_ words: [Argument]) -> OptionReader {
    let valued: Set<Character> = ["f", "C", "T", "X", "b", "F", "g", "H", "I", "K", "L", "N", "V"]
    var words = words
    if words.count > 1, !words[1].text.hasPrefix("-") {
      var rest = words[2...]
      var given: [Argument] = []
      for letter in words[1].text {
        given.append(Argument("-\(letter)"))
        if valued.contains(letter), let value = rest.popFirst() { given.append(value) }
      }
      words = [words[0]] + given + rest
    }
    return OptionReader(
      words, short: valued, long: ["--file", "--directory", "--files-from", "--exclude-from"])
  }

  private static func addInPlace(_ invocation: inout Invocation) {
    let isInPlace = invocation.words.contains { word in
      word.text.hasPrefix("--in-place")
        || word.text.hasPrefix("-") && !word.text.hasPrefix("--") && word.text.prefix(5).contains("i")
    }
    let reader = OptionReader(invocation.words, short: ["e", "f", "E", "l"])
    if isInPlace { invocation.uses += reader.operands.map { PathUse($0.word, .write) } }
  }

  private static func addFind(_ invocation: inout Invocation) {
    let words = invocation.words
    if words.contains(where: { $0.text == "-delete" }) {
      let found = FoundFiles(invocation)
      let places = found?.places ?? FoundFiles.places(words)
      invocation.uses += places.map { PathUse($0, .write, isRecursive: true) }
      if found == nil { invocation.hide("find removes what it finds behind links, or where a list says") }
    }
    for (index, word) in words.enumerated() where word.text.hasPrefix("-fprint") || word.text == "-fls" {
      if index + 1 < words.count { invocation.uses.append(PathUse(words[index + 1], .write)) }
    }
  }

  private static func addGit(_ invocation: inout Invocation) {
    let words = invocation.words.dropFirst().drop { $0.text.hasPrefix("-") }
    guard let command = words.first?.text,
      ["rm", "mv", "restore", "checkout", "clean", "clone", "init"].contains(command)
    else { return }
    let operands = words.dropFirst().filter { !$0.text.hasPrefix("-") && !$0.text.contains("://") }
    invocation.uses += (command == "clone" ? operands.dropFirst() : operands[...]).map { PathUse($0, .write) }
  }

  private static func addDownload(_ invocation: inout Invocation) {
    if invocation.name == "unzip" {
      let reader = OptionReader(invocation.words, short: ["d", "P", "x"])
      invocation.uses += reader.options.filter { $0.name == "-d" }.compactMap(\.value).map { PathUse($0, .write) }
    }
    let reader = OptionReader(
      invocation.words, short: invocation.name == "curl" ? ["T"] : [],
      long: ["--upload-file", "--post-file", "--body-file", "--input-file"])
    invocation.uses += reader.options.filter { readOptions.contains($0.name) }.compactMap(\.value).map {
      PathUse($0, .read)
    }
  }
}

extension Argument {
  /// Some of its text. What a glob finds for the whole says nothing of it.
  func part(_ text: Substring) -> Argument {
    var part = self
    (part.text, part.glob, part.numberGlob, part.hits) = (String(text), nil, nil, [])
    return part
  }

  /// What stands behind a sign in it.
  func tail(after index: String.Index) -> Argument {
    var tail = part(text[text.index(after: index)...])
    if let glob, let equals = glob.firstIndex(of: text[index]) {
      tail.glob = String(glob[glob.index(after: equals)...])
    }
    return tail
  }
}
