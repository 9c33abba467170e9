// Deadlines are real here, and a busy machine may miss one: what to do about a test that fails for that alone.

const TRIES = 4;

/** The sources of which an edge said that they did not answer in time; `edge` for the edge itself. */
export function timedOut(edge) {
  const refreshes = edge.logs().filter(({ event }) => event === "refresh");
  const late = refreshes.flatMap(({ asked }) => asked).filter(({ outcome }) => outcome.endsWith("timeout"));
  const gaveUp = edge.logs().some(({ proxy_status: why }) => why?.includes('details="deadline_passed"'));
  return new Set([...late.map(({ source }) => source), ...(gaveUp ? ["edge"] : [])]);
}

/**
 * Runs `attempt`, and again if it fails and this machine was late, but not for ever: it was when a source timed out that is
 * not among those that hang by intent (`hangs`), or when `isLate` says so. `attempt` leaves its edge in `scene.edge`.
 */
export async function unlessLate({ hangs = [], isLate = () => false }, attempt) {
  for (let tried = 1; ; tried += 1) {
    const scene = {};
    try {
      return await attempt(scene);
    } catch (error) {
      const late = scene.edge && [...timedOut(scene.edge)].some((source) => !hangs.includes(source));
      if (tried === TRIES || !(late || isLate(scene))) throw error;
    }
  }
}
