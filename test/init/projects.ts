/** A kind of project, and what `forge init` should make of it. */
export interface Kind {
  files: Readonly<Record<string, string>>;
  /** `name: command` of each gate, in order. */
  gates: readonly string[];
  /** Task id -> persona and owns. */
  tasks: Readonly<Record<string, readonly [persona: string, owns: readonly string[]]>>;
  /** What the backend's or frontend's persona has to mention. */
  mentions: readonly string[];
}

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

/** Small projects of each kind. */
export const KINDS: Readonly<Record<string, Kind>> = {
  'JavaScript with scripts': {
    files: {
      'package.json': json({
        name: 'shop',
        scripts: {
          test: 'node --test',
          lint: 'eslint .',
          build: 'tsc',
          dev: 'vite',
          typecheck: 'tsc --noEmit',
        },
        dependencies: { express: '4', react: '18' },
        devDependencies: { typescript: '5' },
      }),
      'pnpm-lock.yaml': '',
      'tsconfig.json': '{}',
      'src/api/users.ts': '',
      'src/api/users.test.ts': '',
      'src/components/Login.tsx': '',
      'docs/index.md': '',
    },
    gates: ['lint: pnpm run lint', 'types: pnpm run typecheck', 'tests: pnpm test', 'build: pnpm run build'],
    tasks: {
      backend: [
        'df-backend',
        [
          'src/**',
          'package.json',
          'pnpm-lock.yaml',
          'tsconfig.json',
          '!src/**/*.test.*',
          '!src/components/**',
        ],
      ],
      frontend: ['df-frontend', ['src/components/**', '!src/**/*.test.*']],
      tests: ['df-tester', ['test/**', 'src/**/*.test.*']],
      docs: ['df-doc', ['*.md', 'docs/**']],
    },
    mentions: ['TypeScript', 'pnpm', 'Express', 'React', 'pnpm test', 'src/components/**'],
  },
  'Python with uv, pytest, ruff and mypy': {
    files: {
      'pyproject.toml':
        '[project]\nname = "service"\ndependencies = [\n  "fastapi>=0.1",\n  "uvicorn",\n]\n[tool.pytest.ini_options]\n[tool.ruff.lint]\nselect = ["E"]\n[tool.mypy]\nstrict = true\n',
      'uv.lock': '',
      'service/__init__.py': '',
      'service/app.py': '',
      'tests/test_app.py': '',
    },
    gates: ['lint: uv run ruff check .', 'types: uv run mypy .', 'tests: uv run python -m pytest'],
    tasks: {
      backend: ['df-backend', ['service/**', 'pyproject.toml', 'uv.lock']],
      tests: ['df-tester', ['tests/**']],
      docs: ['df-doc', ['*.md', 'docs/**']],
    },
    mentions: ['Python', 'uv', 'FastAPI', 'uv run ruff check .', 'service/**'],
  },
  Go: {
    files: {
      'go.mod': 'module example.com/x\n\ngo 1.22\n\nrequire (\n\tgithub.com/labstack/echo/v4 v4.1.0\n)\n',
      'go.sum': '',
      'main.go': '',
      'main_test.go': '',
      'internal/store/store.go': '',
    },
    gates: ['lint: go vet ./...', 'tests: go test ./...', 'build: go build ./...'],
    tasks: {
      backend: [
        'df-backend',
        ['internal/**', '*.go', 'go.mod', 'go.sum', '!internal/**/*_test.go', '!*_test.go'],
      ],
      tests: ['df-tester', ['internal/**/*_test.go', '*_test.go']],
      docs: ['df-doc', ['*.md', 'docs/**']],
    },
    mentions: ['Go (Echo)', 'go vet ./...'],
  },
  'Rust workspace': {
    files: {
      'Cargo.toml': '[workspace]\nmembers = ["crates/*"]\n[workspace.lints.clippy]\nall = "warn"\n',
      'Cargo.lock': '',
      'crates/server/Cargo.toml': '[package]\nname = "server"\n[dependencies]\naxum = "0.7"\n',
      'crates/server/src/main.rs': '',
      'crates/server/tests/api.rs': '',
      'crates/site/Cargo.toml': '[package]\nname = "site"\n[dependencies.yew]\nversion = "0.21"\n',
      'crates/site/src/main.rs': '',
    },
    gates: [
      'lint: cargo clippy --workspace --all-targets',
      'tests: cargo test --workspace',
      'build: cargo build --workspace',
    ],
    tasks: {
      server: ['df-backend', ['crates/server/**', 'Cargo.toml', 'Cargo.lock', '!crates/server/tests/**']],
      site: ['df-frontend', ['crates/site/**', '!crates/site/tests/**']],
      tests: ['df-tester', ['crates/server/tests/**', 'crates/site/tests/**']],
      docs: ['df-doc', ['*.md', 'docs/**']],
    },
    mentions: ['Rust', 'axum', 'cargo test --workspace'],
  },
  'mixed monorepo': {
    files: {
      'package.json': json({ private: true, workspaces: ['apps/*'], scripts: { lint: 'biome check' } }),
      'yarn.lock': '',
      'apps/my web/package.json': json({ scripts: { test: 'vitest run' }, dependencies: { next: '14' } }),
      'apps/my web/app/page.tsx': '',
      'apps/my web/app/page.spec.tsx': '',
      'services/api/go.mod': 'module api\nrequire google.golang.org/grpc v1.60.0\n',
      'services/api/main.go': '',
      'services/ml/requirements.txt': 'flask==3\npytest\n',
      'services/ml/app.py': '',
      'services/ml/tests/test_app.py': '',
      'docs/site/package.json': json({
        scripts: { build: 'docusaurus build' },
        dependencies: { react: '18' },
      }),
      'examples/old/package.json': json({ scripts: { test: 'false' } }),
    },
    gates: [
      'lint: root: yarn run lint',
      'lint: services/api: cd services/api && go vet ./...',
      "tests: apps/my web: cd 'apps/my web' && yarn test",
      'tests: services/api: cd services/api && go test ./...',
      'tests: services/ml: cd services/ml && python3 -m pytest',
      'build: docs/site: cd docs/site && npm run build',
      'build: services/api: cd services/api && go build ./...',
    ],
    tasks: {
      'my-web': ['df-frontend', ['apps/my web/**', 'package.json', 'yarn.lock', '!apps/my web/**/*.spec.*']],
      api: ['df-backend', ['services/api/**', '!services/api/**/*_test.go']],
      ml: ['df-backend', ['services/ml/**', '!services/ml/tests/**']],
      tests: ['df-tester', ['apps/my web/**/*.spec.*', 'services/api/**/*_test.go', 'services/ml/tests/**']],
      docs: ['df-doc', ['*.md', 'docs/**']],
    },
    mentions: ['Next.js', 'gRPC', 'Flask', "cd 'apps/my web' && yarn test"],
  },
  'nothing but a Makefile': {
    files: {
      Makefile: 'CC := gcc\ntest = no\n.PHONY: all test\nall: build\nbuild lint:\n\techo\ncheck:\n\techo\n',
      'src/main.c': '',
    },
    gates: ['lint: make lint', 'tests: make check', 'build: make build'],
    tasks: {
      backend: ['df-backend', ['src/**']],
      tests: ['df-tester', ['tests/**']],
      docs: ['df-doc', ['*.md', 'docs/**']],
    },
    mentions: ['make check'],
  },
  'an empty folder': {
    files: {},
    gates: [],
    tasks: {
      backend: ['df-backend', ['src/**']],
      tests: ['df-tester', ['tests/**']],
      docs: ['df-doc', ['*.md', 'docs/**']],
    },
    mentions: ['No test, lint or build command was found'],
  },
};
