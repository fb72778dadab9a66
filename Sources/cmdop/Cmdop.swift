@main struct Cmdop { static func main() { print("cmdop") } }
