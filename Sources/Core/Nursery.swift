/// A parent for tasks that are started from callbacks. `run` waits for all of them and ends them when it is cancelled.
public final class Nursery: Sendable {
  public typealias Job = @Sendable () async -> Void
  private let jobs: AsyncStream<Job>
  private let incoming: AsyncStream<Job>.Continuation

  public init() { (jobs, incoming) = AsyncStream.makeStream() }

  /// Runs `job` as a child of `run`. Before `run` has begun it waits.
  public func start(_ job: @escaping Job) { incoming.yield(job) }

  /// Looks after the jobs until its own task is cancelled: then the jobs are cancelled too, and waited for.
  public func run() async {
    await withDiscardingTaskGroup { group in
      for await job in jobs { group.addTask(operation: job) }
      group.cancelAll()
    }
  }
}
