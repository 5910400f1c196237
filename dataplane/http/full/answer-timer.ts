export interface AnswerTimer {
  /** More of the request was sent: the wait begins anew. */
  readonly restart: () => void;
  readonly stop: () => void;
}

/** Calls back when the head of an answer has not come `timeoutMs` after the last that was sent of its request. */
export function startAnswerTimer(timeoutMs: number, onTimeout: (error: Error) => void): AnswerTimer {
  const timer = setTimeout(() => onTimeout(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  return {
    restart: () => {
      timer.refresh();
    },
    stop: () => clearTimeout(timer),
  };
}
