/**
 * What a prover has promised, and whether it can promise more: claims in the order of their deadlines, the time they take
 * against the time there is, and a breaker that stops promises after a failure.
 */

/** A claim to be proven. Times in L1 seconds. */
export interface Job {
  readonly epoch: number;
  readonly blocks: number;
  /** Last second of the exclusive time. */
  readonly deadline: number;
}

/** Parameters of {@link WorkSchedule}. */
export interface WorkScheduleOptions {
  /** Epochs that are proven at the same time. */
  machines: number;
  secondsPerBlock: number;
  /** Seconds kept for L1: a full block or two, and a fee bump. */
  submissionSeconds: number;
  /** Seconds without promises after the first failure; doubles with each that follows without a success. */
  breakSeconds: number;
  now: () => number;
}

export class WorkSchedule {
  readonly #options: WorkScheduleOptions;
  readonly #jobs = new Map<number, Job>();
  #secondsPerBlock: number;
  #failures = 0;
  #closedUntil = 0;

  constructor(options: WorkScheduleOptions) {
    this.#options = options;
    this.#secondsPerBlock = options.secondsPerBlock;
  }

  /** Jobs by deadline, the earliest first: the order in which they are proven. */
  jobs(): Job[] {
    return [...this.#jobs.values()].sort((a, b) => a.deadline - b.deadline || a.epoch - b.epoch);
  }

  next(): Job | undefined {
    return this.jobs()[0];
  }

  /** True when the job can be finished in time together with all that was promised, each in its time. */
  canTake(job: Job): boolean {
    if (this.isBroken) return false;
    const { machines, submissionSeconds, now } = this.#options;
    const free = Array.from({ length: machines }, () => now());
    const all = [...this.jobs().filter(({ epoch }) => epoch !== job.epoch), job].sort(
      (a, b) => a.deadline - b.deadline || a.epoch - b.epoch,
    );
    return all.every(({ blocks, deadline }) => {
      const machine = free.indexOf(Math.min(...free));
      free[machine]! += blocks * this.#secondsPerBlock;
      return free[machine]! + submissionSeconds <= deadline;
    });
  }

  /** Share of the machines' time up to the last deadline that is promised. */
  get load(): number {
    const jobs = this.jobs();
    const last = jobs.at(-1);
    if (!last) return 0;
    const time = Math.max(1, last.deadline - this.#options.now()) * this.#options.machines;
    const work = jobs.reduce((sum, { blocks }) => sum + blocks * this.#secondsPerBlock, 0);
    return Math.min(1, work / time);
  }

  /** The claim is on chain: it is owed, whether it was wanted or not. */
  take(job: Job): void {
    this.#jobs.set(job.epoch, job);
  }

  /** The claim was outbid, released, or its proof is on chain. */
  drop(epoch: number): void {
    this.#jobs.delete(epoch);
  }

  /** A proof landed; `seconds` is what it took, which the estimate follows. */
  succeed(epoch: number, seconds?: number): void {
    const job = this.#jobs.get(epoch);
    if (job && seconds !== undefined) this.measure(job.blocks, seconds);
    this.#jobs.delete(epoch);
    this.#failures = 0;
    this.#closedUntil = 0;
  }

  /** What a proof took, whoever is paid for it. The estimate rises at once and falls slowly: a promise must hold. */
  measure(blocks: number, seconds: number): void {
    if (blocks <= 0) return;
    const measured = seconds / blocks;
    this.#secondsPerBlock = Math.max(measured, 0.8 * this.#secondsPerBlock + 0.2 * measured);
  }

  /** A claim was not delivered in time: no more promises for a while. What is owed is still owed. */
  fail(epoch: number): void {
    this.#jobs.delete(epoch);
    this.#closedUntil = this.#options.now() + this.#options.breakSeconds * 2 ** Math.min(this.#failures, 8);
    this.#failures += 1;
  }

  get isBroken(): boolean {
    return this.#options.now() < this.#closedUntil;
  }

  get secondsPerBlock(): number {
    return this.#secondsPerBlock;
  }
}
