/** What a call is counted as whose client left before its answer had a head; nginx's number, which no client ever sees. */
export const clientLeft = 499;
