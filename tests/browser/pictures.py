"""Shrinks pictures of pages, and says in which parts two of them differ more than other fonts and edges of letters explain."""

from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageChops, ImageDraw

SIZE = (480, 300)  # of a reference: a third of the page's
GRID = (12, 10)  # the parts whose mean colours are compared, each of 120 by 90 pixels of the page
# Of 255, in red, green or blue. Letters that are smoothed otherwise, stand a pixel elsewhere or take a word into the next
# line change a part by 4 at most; a lifeline without its marks changes one by 11, a missing style sheet by 20 and more.
TOLERANCE = 7


@dataclass(frozen=True)
class Comparison:
    """A picture beside its reference, both in the size of references, and by how much each part differs, row by row."""

    picture: Image.Image
    reference: Image.Image
    differences: tuple[int, ...]

    @property
    def is_same(self) -> bool:
        return max(self.differences) <= TOLERANCE

    def draw(self) -> Image.Image:
        """The difference, in full contrast, with a frame around each part that is not the same."""
        drawing = ImageChops.difference(self.picture, self.reference).point(
            [min(255, value * 4) for value in range(256)] * 3
        )
        pen, width, height = ImageDraw.Draw(drawing), SIZE[0] // GRID[0], SIZE[1] // GRID[1]
        for place, difference in enumerate(self.differences):
            if difference > TOLERANCE:
                left, top = place % GRID[0] * width, place // GRID[0] * height
                pen.rectangle((left, top, left + width - 1, top + height - 1), outline="red")
        return drawing


def shrink(screenshot: bytes) -> Image.Image:
    """A picture of a page in the size of references."""
    with Image.open(BytesIO(screenshot)) as picture:
        return picture.convert("RGB").resize(SIZE, Image.Resampling.BOX)


def compare(picture: Image.Image, reference: Image.Image) -> Comparison:
    means = [image.resize(GRID, Image.Resampling.BOX) for image in (picture, reference)]
    red, green, blue = ImageChops.difference(*means).split()
    largest = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    return Comparison(picture, reference, tuple(largest.tobytes()))
