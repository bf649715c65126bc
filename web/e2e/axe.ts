import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "@playwright/test";
import type axe from "axe-core";

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/**
 * What axe-core finds on a page that somebody could not use or read, one line each: by all of its
 * rules, or by those of these names.
 */
export async function faultsOf(page: Page, rules?: string[]): Promise<string[]> {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(source);
  return page.evaluate(async (names) => {
    // Colours on their way from one theme to the other are neither's.
    const under = document.getAnimations().filter((one) => one instanceof CSSTransition);
    await Promise.all(under.map((one) => one.finished.catch(() => undefined)));
    const { axe: checker } = window as unknown as { axe: typeof axe };
    const { violations } = await checker.run(document, {
      resultTypes: ["violations"],
      ...(names ? { runOnly: names } : {}),
    });
    return violations.flatMap(({ id, help, nodes }) =>
      nodes.map((node) => `${id}: ${help}: ${node.target.join(" ")}`),
    );
  }, rules);
}
