import "server-only";

// The app's calls of Lockstep's API. They send the signed-in user's session token, from which Lockstep
// reads who buys. It never comes from a form.

const base = required("LOCKSTEP_URL");
const app = required("APP_URL");

function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name}: it is not set; see README.md`);
  return value;
}

// post returns the JSON answer, or throws the detail of the API's error (problem+json).
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

// checkout returns the page where the buyer pays. Afterwards Stripe sends them to /welcome, which waits for
// access.
export async function checkout(token: string, lookupKey: string): Promise<string> {
  const { url } = await post<{ url: string }>("/v1/checkout", token, {
    lookup_key: lookupKey,
    success_url: `${app}/welcome`,
    cancel_url: app,
  });
  return url;
}

// portal returns Stripe's billing portal for the signed-in user.
export async function portal(token: string): Promise<string> {
  const { url } = await post<{ url: string }>("/v1/portal", token, { return_url: app });
  return url;
}
