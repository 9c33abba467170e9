// What a test starts is stopped when it is over, however it ends.

/** Gives `use` a way to start things, `kept`, and stops them all, the last first: an edge before what it asks. */
export async function withParts(use) {
  const parts = [];
  const kept = async (part) => (parts.push(await part), parts.at(-1));
  try {
    await use(kept);
  } finally {
    for (const part of parts.reverse()) await part.stop();
  }
}
