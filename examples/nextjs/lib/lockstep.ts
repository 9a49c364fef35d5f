import "server-only";

// The calls of Lockstep's API that this app makes, with the signed-in user's own
// token: Lockstep reads from it who buys, never from a form.

const base = required("LOCKSTEP_URL");
const app = required("APP_URL");

function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; see README.md`);
  return value;
}

// post answers the JSON, or throws what the API says is wrong (problem+json).
async function post<Answer>(path: string, token: string, body: unknown): Promise<Answer> {
  const response = await fetch(base + path, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: JSON.stringify(body),
    cache: "no-store",
  });
  if (!response.ok) {
    const problem = (await response.json().catch(() => ({}))) as { detail?: string };
    throw new Error(`Lockstep answered ${response.status}: ${problem.detail ?? response.statusText}`);
  }
  return (await response.json()) as Answer;
}

// checkout is where the buyer pays. Stripe sends them to /welcome, which waits for
// the truth.
export async function checkout(token: string, lookupKey: string): Promise<string> {
  const { url } = await post<{ url: string }>("/v1/checkout", token, {
    lookup_key: lookupKey,
    success_url: `${app}/welcome`,
    cancel_url: app,
  });
  return url;
}

export async function portal(token: string): Promise<string> {
  const { url } = await post<{ url: string }>("/v1/portal", token, { return_url: app });
  return url;
}
