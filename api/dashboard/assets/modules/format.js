/** Numbers and times as people read them. */

const NOTHING = "–";

/** Four decimals; what would be lost in them is written with an exponent. */
export function number(value, digits = 4) {
  if (value === null || value === undefined) return NOTHING;
  const small = value !== 0 && Math.abs(value) < 10 ** -digits * 5;
  return minus(small ? value.toExponential(1) : value.toFixed(digits));
}

/** With its sign, for changes. */
export const signed = (value, digits = 4) =>
  value === null || value === undefined ? NOTHING : (value > 0 ? "+" : "") + number(value, digits);

export const whole = (value) => (value === null || value === undefined ? NOTHING : value.toLocaleString("en"));

export const percent = (value, digits = 0) =>
  value === null || value === undefined ? NOTHING : `${minus((100 * value).toFixed(digits))} %`;

const minus = (text) => text.replace("-", "−");

/** A setting's value. */
export const plain = (value) => (value === null || value === undefined ? NOTHING : typeof value === "object" ? JSON.stringify(value) : String(value));

/** The last digits of an id, by which the command line finds it, too. */
export const short = (id) => `…${id.replaceAll("-", "").slice(-8)}`;

export const moment = (time) => (time ? new Date(time).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" }) : NOTHING);

export function duration(from, to) {
  if (!from) return NOTHING;
  const seconds = Math.max(0, (new Date(to ?? Date.now()) - new Date(from)) / 1000);
  if (seconds < 90) return `${seconds.toFixed(0)} s`;
  return seconds < 5400 ? `${(seconds / 60).toFixed(0)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
