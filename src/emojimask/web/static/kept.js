// What a tab keeps for itself over a reload, and forgets when it is closed. A browser may be set to keep nothing.

export function recall(name) {
  try {
    return JSON.parse(sessionStorage.getItem(name));
  } catch {
    return null;
  }
}

/** null forgets it. */
export function keep(name, thing) {
  try {
    thing === null ? sessionStorage.removeItem(name) : sessionStorage.setItem(name, JSON.stringify(thing));
  } catch { /* the page goes on without */ }
}
