import js from "@eslint/js";
import svelte from "eslint-plugin-svelte";
import globals from "globals";
import ts from "typescript-eslint";
import svelteConfig from "./svelte.config.js";

/** Forbids imports from rows that stand above a folder in the layer list. */
const below = (folder, ...forbidden) => ({
  files: [`src/${folder}/**`],
  rules: {
    "no-restricted-imports": [
      "error",
      {
        patterns: forbidden.map((other) => ({
          regex: `^\\.\\./(\\.\\./)*${other}(/|\\.js$|$)`,
          message: `${folder}/ may not import ${other}: imports point down.`,
        })),
      },
    ],
  },
});

export default ts.config(
  { ignores: ["node_modules/", "test-results/", "playwright-report/", ".svelte-kit/"] },
  js.configs.recommended,
  ...ts.configs.strict,
  ...svelte.configs.recommended,
  {
    languageOptions: { globals: { ...globals.browser, ...globals.node } },
    rules: {
      "no-console": ["error", { allow: ["error"] }],
      eqeqeq: ["error", "always"],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      // Indexing a typed array inside its own loop bounds is what `!` is for here.
      "@typescript-eslint/no-non-null-assertion": "off",
    },
  },
  {
    files: ["**/*.svelte", "**/*.svelte.ts"],
    languageOptions: {
      parserOptions: { parser: ts.parser, extraFileExtensions: [".svelte"], svelteConfig },
    },
    // {@html} would turn a label from somebody's data into markup.
    rules: { "svelte/no-at-html-tags": "error", "no-undef": "off" },
  },
  { files: ["**/*.ts"], rules: { "no-undef": "off" } },
  // A script's console is its output.
  { files: ["*.mjs"], rules: { "no-console": "off" } },
  below("data", "geometry", "state", "render", "views", "app", "main"),
  below("geometry", "data", "paper", "state", "render", "views", "app", "main"),
  below("state", "render", "views", "app", "main"),
  below("paper", "data", "state", "render", "stage", "views", "app", "main"),
  below("render", "data", "state", "views", "app", "main"),
  below("views", "render", "app", "main"),
);
