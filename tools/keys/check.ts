/**
 * The fence `keys`: an object that is used as a table by a computed text has the names that JavaScript gives it besides, such as
 * `constructor`, and `__proto__` as a key changes what it inherits. A table is a Map, or is read with `ownValue` and written
 * with `putOwn`. Looks at the tree in the current folder.
 */
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';

/** Where keys from outside come by. */
const ROOMS = ['control-plane/src', 'sdk/contract/src', 'sdk/typescript/src', 'cli/src'];

/** The two functions themselves. */
const HELPERS = 'sdk/contract/src/own-value.ts';

const root = process.cwd();
const rooms = ROOMS.map((room) => join(root, room)).filter((room) => existsSync(room));
const files = rooms.flatMap((room) => ts.sys.readDirectory(room, ['.ts']));
const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2024,
  lib: ['lib.es2024.d.ts', 'lib.esnext.disposable.d.ts'],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  types: ['node'],
  strict: true,
  noUncheckedIndexedAccess: true,
  allowImportingTsExtensions: true,
  skipLibCheck: true,
  noEmit: true,
};
const program = ts.createProgram(files, options);
const checker = program.getTypeChecker();
const wanted = new Set(files.filter((file) => !file.endsWith(HELPERS)));
let found = 0;
for (const source of program.getSourceFiles()) if (wanted.has(source.fileName)) visit(source, source);
if (found > 0) process.exitCode = 1;

function visit(node: ts.Node, source: ts.SourceFile): void {
  // `delete` looks at keys of the table's own alone.
  if (ts.isElementAccessExpression(node) && !ts.isDeleteExpression(node.parent) && isTableOfTexts(node))
    report(node, source, 'is indexed by a computed text');
  if (
    ts.isBinaryExpression(node) &&
    node.operatorToken.kind === ts.SyntaxKind.InKeyword &&
    !ts.isStringLiteral(node.left)
  ) {
    if (!ts.isPrivateIdentifier(node.left) && isText(node.left)) report(node, source, '`in` sees inherited names');
  }
  ts.forEachChild(node, (child) => visit(child, source));
}

/** An object with any text for a key; lists, tuples and typed tables of known words are none. */
function isTableOfTexts({ expression, argumentExpression }: ts.ElementAccessExpression): boolean {
  if (!isText(argumentExpression) || isOfItsOwn(argumentExpression, expression)) return false;
  const type = checker.getApparentType(checker.getNonNullableType(checker.getTypeAtLocation(expression)));
  return checker.getIndexInfosOfType(type).some(({ keyType }) => (keyType.flags & ts.TypeFlags.String) !== 0);
}

/** `for (const key in table) ... table[key]`: the key was found in this very table. */
function isOfItsOwn(key: ts.Expression, table: ts.Expression): boolean {
  if (!ts.isIdentifier(key)) return false;
  const loop = checker.getSymbolAtLocation(key)?.valueDeclaration?.parent.parent;
  return loop !== undefined && ts.isForInStatement(loop) && loop.expression.getText() === table.getText();
}

/** Neither a literal nor one of a few known words. */
function isText(node: ts.Node): boolean {
  return (checker.getTypeAtLocation(node).flags & ts.TypeFlags.String) !== 0;
}

function report(node: ts.Node, source: ts.SourceFile, why: string): void {
  found++;
  const { line, character } = source.getLineAndCharacterOfPosition(node.getStart(source));
  const place = `${relative(root, source.fileName)}:${line + 1}:${character + 1}`;
  console.log(`${place} ${node.getText(source).slice(0, 80)} ${why}: use a Map, or ownValue and putOwn`);
}
